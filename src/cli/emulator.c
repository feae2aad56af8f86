/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/emulator.h"

#include "arch.h"
#include "cli/cpu.h"
#include "cli/host.h"
#include "cli/message.h"
#include "image/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Copy one word of *AT to BUF, of SIZE bytes: the length with its NUL; 0 at the end; -EINVAL for an open quote, -E2BIG.
 */
static long take_word(const char **at, char *buf, size_t size)
{
	size_t length = 0;
	char quote = 0;

	while (is_blank(**at))
		++*at;
	if (!**at)
		return 0;
	if (!size)
		return -E2BIG;
	for (; **at && (quote || !is_blank(**at)); ++*at) {
		if (quote ? **at == quote : **at == '\'' || **at == '"') {
			quote = quote ? 0 : **at;
			continue;
		}
		if (length + 1 == size)
			return -E2BIG;
		buf[length++] = **at;
	}
	if (quote)
		return -EINVAL;
	buf[length++] = '\0';
	return (long)length;
}

/* Whether FILE is a regular file that may be executed; else ERROR says why not. */
static bool is_program(const char *file, int *error)
{
	struct stat status;

	if (stat(file, &status) == 0 && !S_ISREG(status.st_mode))
		errno = S_ISDIR(status.st_mode) ? EISDIR : EACCES;
	else if (faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) == 0)
		return true;
	*error = -errno;
	return false;
}

/* Find NAME as a shell would: its path in BUF, or a negative errno. */
static int search(const char *name, char *buf)
{
	const char *directory = getenv("PATH");
	int error = -ENOENT, tried = -ENOENT;

	if (strchr(name, '/'))
		return snprintf(buf, PATH_SIZE, "%s", name) >= PATH_SIZE ? -ENAMETOOLONG :
		       is_program(buf, &error)				 ? 0 :
									   error;
	for (; directory; directory = *directory ? directory + 1 : NULL) {
		size_t length = strcspn(directory, ":");

		if (snprintf(buf, PATH_SIZE, "%.*s%s%s", (int)length, directory, length ? "/" : "", name) < PATH_SIZE &&
		    is_program(buf, &tried))
			return 0;
		if (tried == -EACCES)
			error = tried;
		directory += length;
	}
	return error;
}

/* Why the file at HOST_PATH is no emulator that can be started here; NULL when it may be one. */
static const char *why_not(const char *host_path, char *reason, size_t size)
{
	unsigned char head[ELF_HEAD_SIZE];
	const struct cpu *cpu;
	uint16_t machine;
	uint8_t class;
	int fd = open(host_path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, head, sizeof(head));

	snprintf(reason, size, "%s", strerror(errno));
	if (fd < 0)
		return reason;
	close(fd);
	if (length <= 0 || !elf_identify(head, (size_t)length, &machine, &class))
		return "it is no ELF program";
	if (machine == ARCH_ELF_MACHINE && class == ELFCLASS64)
		return NULL;
	cpu = cpu_find(machine, class, head[EI_DATA]);
	snprintf(reason, size, "it is a program for %s itself", cpu ? cpu->name : "an unknown CPU");
	return reason;
}

/* Copy LENGTH bytes, a directory as it was named here, to BUF: how many bytes there are, maybe more than SIZE. */
static size_t put_directory(char *buf, size_t size, const char *directory, size_t length)
{
	char cwd[PATH_SIZE] = "";
	bool is_relative = !length || (*directory != '/' && *directory != '$');

	if (is_relative && host_current_directory(cwd) < 0)
		is_relative = false;
	return (size_t)snprintf(buf, size, "%s%s%.*s", is_relative ? cwd : "", is_relative && length ? "/" : "",
				(int)length, directory);
}

/* The library path that proot itself was given, for whoever starts in another directory. */
static void keep_library_path(struct emulator *emulator)
{
	const char *path = getenv("LD_LIBRARY_PATH");
	char *buf = emulator->library_path;
	size_t size = sizeof(emulator->library_path), used;

	if (!path || !*path)
		return;
	used = (size_t)snprintf(buf, size, "LD_LIBRARY_PATH=");
	while (used < size) {
		size_t length = strcspn(path, ":;");

		used += put_directory(buf + used, size - used, path, length);
		if (!path[length] || used + 1 >= size)
			break;
		buf[used++] = ':';
		path += length + 1;
	}
	if (used + 1 < size)
		return;
	buf[0] = '\0';
	message_warning("LD_LIBRARY_PATH is too long to be of use to programs of the host");
}

/* Note FILE, whose command has the COUNT words in WORDS, LENGTH bytes. */
static int fill(struct emulator *emulator, const char *file, const char *words, size_t length, uint32_t count)
{
	const struct cpu *cpu = cpu_of_emulator(file);
	char host_path[PATH_SIZE];
	int error = host_canonicalise(file, host_path);
	size_t path_length;

	if (error)
		return error;
	if (!cpu)
		cpu = cpu_of_emulator(host_path);
	path_length = (size_t)snprintf(emulator->words, sizeof(emulator->words), EMULATOR_HOST "%s", host_path) + 1;
	if (path_length + length > sizeof(emulator->words))
		return -E2BIG;
	memcpy(emulator->words + path_length, words, length);
	keep_library_path(emulator);
	emulator->count = count + 1;
	emulator->machine = cpu ? cpu->machine : 0;
	emulator->class = cpu ? cpu->class : 0;
	emulator->order = cpu ? cpu->order : 0;
	if (cpu)
		snprintf(emulator->cpuinfo, sizeof(emulator->cpuinfo), "%s", cpu->cpuinfo);
	return 0;
}

static int say(const char *command, const char *what)
{
	message_error("option '-q': '%s': %s", command, what);
	return -EINVAL;
}

/* Split COMMAND into WORDS: how many bytes they take, or a negative errno. */
static long split(const char *command, char words[static EMULATOR_WORDS_SIZE], uint32_t *count)
{
	size_t used = 0;
	long length;

	*count = 0;
	while ((length = take_word(&command, words + used, EMULATOR_WORDS_SIZE - used)) > 0) {
		used += (size_t)length;
		++*count;
	}
	return length < 0 ? length : (long)used;
}

const struct cpu *emulator_cpu(const char *command)
{
	char name[PATH_SIZE];

	return take_word(&command, name, sizeof(name)) > 0 ? cpu_of_emulator(name) : NULL;
}

int emulator_read(struct emulator *emulator, const char *command)
{
	char words[EMULATOR_WORDS_SIZE], file[PATH_SIZE], reason[128];
	const char *why;
	uint32_t count;
	long length = split(command, words, &count);
	int error;

	if (length == -EINVAL)
		return say(command, "a quotation mark is missing");
	if (length < 0) {
		message_error("option '-q': the command is too long");
		return -EINVAL;
	}
	if (!count || !words[0])
		return say(command, "it names no program");
	error = search(words, file);
	if (error == -ENOENT && cpu_of_emulator(words))
		return say(words, strchr(words, '/') ? "no such file" : "not found in $PATH; " EMULATOR_PACKAGES);
	if (error)
		return say(words, error == -ENOENT && !strchr(words, '/') ? "not found in $PATH" : strerror(-error));
	why = why_not(file, reason, sizeof(reason));
	if (why)
		return say(file, why);
	error = fill(emulator, file, words, (size_t)length, count);
	return error ? say(words, error == -E2BIG ? "it is too long" : strerror(-error)) : 0;
}

/* The program that emulates CPU to FILE, and its NAME. False where there is none. */
static bool find(const struct cpu *cpu, char name[static 64], char *file)
{
	static const char *const endings[] = { "", "-static" };
	char reason[128];

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		snprintf(name, 64, "qemu-%s%s", cpu->name, endings[i]);
		if (!search(name, file) && !why_not(file, reason, sizeof(reason)))
			return true;
	}
	return false;
}

bool emulator_find(struct emulator *emulator, const struct plan *plan)
{
	const struct cpu *cpu = cpu_find(plan->machine, plan->class, plan->head[EI_DATA]);
	char name[64], file[PATH_SIZE];

	return cpu && find(cpu, name, file) && !fill(emulator, file, name, strlen(name) + 1, 1);
}

bool emulator_list(char *buf, size_t size)
{
	char name[64], file[PATH_SIZE];
	const struct cpu *cpu;
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; (cpu = cpu_at(i)) && used < size; i++)
		if (find(cpu, name, file))
			used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? " " : "", cpu->name);
	return used;
}
