/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tree's programs do when they are executed: say what they see of
 * themselves, on standard output.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv, char **envp)
{
	const char *file_name = (const char *)getauxval(AT_EXECFN);
	char name[17] = "", exe[4096];
	ssize_t length = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[length < 0 ? 0 : length] = '\0';
	prctl(PR_GET_NAME, name);
	printf("  hello:");
	for (int i = 0; i < argc; i++)
		printf(" '%s'", strlen(argv[i]) > 300 ? "long" : argv[i]);
	printf(" environment '%s' file '%s' name '%s' exe '%s' descriptors", envp[0] ? envp[0] : "",
	       strlen(file_name) > 300 ? "long" : file_name, name, exe);
	for (int fd = 3; fd < 100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf(" %d", fd);
	printf("\n");
	return 200;
}
