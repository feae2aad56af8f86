/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * execve of a program that has the ELF interpreter of the one that executes it,
 * by a name that leads elsewhere by then (programs/again.c).
 */
#include "call.h"

static const char named[] = "/lib64/ld.so", linked[] = "/ld-own-link";

static char data[1 << 20];

static ssize_t read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, data, sizeof(data));

	MUST(size > 0 && size < (ssize_t)sizeof(data));
	close(fd);
	return size;
}

static void write_file(const char *path, ssize_t size, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	MUST(fd >= 0 && write(fd, data, (size_t)size) == size);
	close(fd);
}

/* The program, with the link as its interpreter. */
static void make_program(const char *path)
{
	ssize_t size = read_file("/tests/again");
	char *name = memmem(data, (size_t)size, named, sizeof(named));

	MUST(name);
	memcpy(name, linked, sizeof(linked));
	write_file(path, size, 0755);
}

static char *arguments[4];

static void execute(void)
{
	char *const none[] = { NULL };

	say("  = %s\n", show(CALL(SYS_execve, "/program", arguments, none)));
}

static void try(const char *what, const char *target)
{
	say("# %s\n", what);
	unlink(linked);
	MUST(!symlink("dir/../copy", linked));
	arguments[0] = "/program";
	arguments[1] = (char *)target;
	arguments[2] = "/program";
	in_child(execute);
}

int main(void)
{
	int writer;

	_Static_assert(sizeof(named) == sizeof(linked), "one takes the other's place");
	make_program("/program");
	write_file("/copy", read_file(named), 0755);
	write_file("/other", read_file(named), 0755);
	write_file("/denied", read_file(named), 0644);
	write_file("/no-elf", 4, 0755);
	try("the same", "/copy");
	try("the same, by another way", "/bound/../copy");
	try("another", "/other");
	try("another, of a binding", "/lib64/ld.so");
	try("by its descriptor", "/proc/self/fd/9");
	try("missing", "/missing");
	try("a directory", "/dir");
	try("a loop", "ld-own-link");
	try("no permission", "/denied");
	try("no program", "/no-elf");
	writer = open("/other", O_WRONLY | O_CLOEXEC);
	MUST(writer >= 0);
	try("one that is being written", "/other");
	close(writer);
	try("and is no more", "/other");
	return 0;
}
