/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ten thousand programs from one process, by vfork; forks from threads; none costs the parent memory. */
#include "call.h"
#include <pthread.h>
#include <spawn.h>

extern char **environ;

static long field(const char *name)
{
	static char text[8192];
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t length = read(fd, text, sizeof(text) - 1);
	const char *line;

	close(fd);
	text[length < 0 ? 0 : length] = '\0';
	line = strstr(text, name);
	return line ? atol(line + strlen(name)) : -1;
}

static int execute(const char *path)
{
	char *const arguments[] = { "true", NULL };
	int status = -1;
	pid_t pid = vfork();

	if (!pid) {
		execve(path, arguments, environ);
		_exit(1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid ? status : -1;
}

static void *execute_many(void *count)
{
	long wrong = 0;

	for (long i = 0; i < (long)count; i++)
		wrong += execute("/tests/true") != 0;
	return (void *)wrong;
}

static void *fork_many(void *count)
{
	long wrong = 0;

	for (long i = 0; i < (long)count; i++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			struct stat file;

			_exit(stat("/bound/inner", &file) || !access("/missing", F_OK));
		}
		wrong += waitpid(pid, &status, 0) != pid || status;
	}
	return (void *)wrong;
}

static void in_threads(const char *what, void *(*function)(void *), long count)
{
	pthread_t threads[4];
	long wrong = 0;

	for (int i = 0; i < 4; i++)
		MUST(!pthread_create(&threads[i], NULL, function, (void *)count));
	for (int i = 0; i < 4; i++) {
		void *result;

		MUST(!pthread_join(threads[i], &result));
		wrong += (long)result;
	}
	say("%s in four threads: %ld wrong\n", what, wrong);
}

/* What a vfork child does before it executes: its own directory and descriptors, the parent's memory. */
static void in_vfork(void)
{
	char text[PATH_MAX];
	int status;
	volatile int fd = -1;
	pid_t pid = vfork();

	if (!pid) {
		if (chdir("/bound/sub") || (fd = open("../inner", O_RDONLY)) < 0 || close(fd) ||
		    access("again/innermost", R_OK))
			_exit(1);
		execve("../../tests/missing-program", (char *const[]){ "missing", NULL }, environ);
		execve("../../tests/true", (char *const[]){ "true", NULL }, environ);
		_exit(2);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	say("vfork child: %d, parent in %s, descriptor %s\n", status, getcwd(text, sizeof(text)),
	    fcntl(fd, F_GETFD) < 0 ? "the child's" : "here");
}

int main(void)
{
	long size, resident, wrong;

	in_vfork();
	for (int i = 0; i < 100; i++)
		execute("/tests/true");
	size = field("VmSize:");
	resident = field("VmRSS:");
	wrong = (long)execute_many((void *)10000);
	say("10000 executed: %ld wrong, size %s, resident %s\n", wrong, field("VmSize:") - size > 64 ? "grew" : "same",
	    field("VmRSS:") - resident > 256 ? "grew" : "same");
	wrong = 0;
	for (int i = 0; i < 1000; i++)
		wrong += execute("/missing") != 256;
	say("1000 failed: %ld wrong, size %s\n", wrong, field("VmSize:") - size > 64 ? "grew" : "same");
	wrong = 0;
	for (int i = 0; i < 500; i++) {
		char *const arguments[] = { "true", NULL };
		int status;
		pid_t pid;

		wrong += posix_spawn(&pid, "/tests/true", NULL, NULL, arguments, environ) ||
			 waitpid(pid, &status, 0) != pid || status;
	}
	say("500 spawned: %ld wrong, size %s\n", wrong, field("VmSize:") - size > 64 ? "grew" : "same");
	in_threads("execute", execute_many, 250);
	in_threads("fork", fork_many, 250);
	return 0;
}
