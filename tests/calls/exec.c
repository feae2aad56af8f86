/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * execve and execveat: programs of every make, scripts, descriptors, and what
 * refuses. The programs tell what they see of themselves (programs/show.c).
 */
#include "call.h"
#include <elf.h>
#include <linux/memfd.h>
#include <sys/resource.h>

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000
#endif

static char *const two[] = { "zero", "one", NULL }, *const variables[] = { "A=1", "B=2", NULL };

/* One execution, in a child: by path, or by descriptor. */
struct execution {
	int directory;
	const char *path;
	char *const *arguments;
	char *const *environment;
	int flags; /* -1: execve */
};

static struct execution execution;

static void execute(void)
{
	long result;

	if (execution.flags < 0)
		result = CALL(SYS_execve, execution.path, execution.arguments, execution.environment);
	else
		result = CALL(SYS_execveat, execution.directory, execution.path, execution.arguments,
			      execution.environment, execution.flags);
	say("  = %s\n", show(result));
}

static void try_execve(const char *what, const char *path, char *const *arguments, char *const *environment)
{
	say("# %s\n", what);
	execution = (struct execution){ AT_FDCWD, path, arguments, environment, -1 };
	in_child(execute);
}

static void try_execveat(const char *what, int directory, const char *path, int flags)
{
	say("# %s\n", what);
	execution = (struct execution){ directory, path, two, variables, flags };
	in_child(execute);
}

static void write_file(const char *path, const void *data, size_t size, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size && !fchmod(fd, mode));
	close(fd);
}

static void write_text(const char *path, const char *text, mode_t mode)
{
	write_file(path, text, strlen(text), mode);
}

static void try_programs(void)
{
	static const char *const programs[] = { "/tests/show",	       "/tests/show-pie", "/tests/show-fixed",
						"/tests/show-dynamic", "tests/show",	  "./tests/../tests/show",
						"/tests/entry" };
	char *const empty[] = { NULL }, *const blank[] = { "", NULL };

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++)
		try_execve(programs[i], programs[i], two, variables);
	try_execve("no arguments", "/tests/show", empty, variables);
	try_execve("arguments NULL", "/tests/show", NULL, variables);
	try_execve("no environment", "/tests/show", two, empty);
	try_execve("environment NULL", "/tests/show", two, NULL);
	try_execve("both NULL", "/tests/show-pie", NULL, NULL);
	try_execve("blank argument", "/tests/show", blank, blank);
	MUST(!symlink("/tests/show", "/tmp/link") && !symlink("link", "/tmp/link2"));
	try_execve("by a link", "/tmp/link2", two, variables);
	MUST(!chdir("/bound/sub"));
	try_execve("relative", "../../tests/show", two, variables);
	MUST(!chdir("/"));
	try_execve("run-time linker", "/lib64/ld.so", (char *const[]){ "ld.so", "/tests/show-dynamic", "x", NULL },
		   variables);
}

static void try_long(void)
{
	static char *many[30001], *environment[2001], large[131073], path[PATH_MAX];

	for (int i = 0; i < 30000; i++)
		many[i] = "argument";
	for (int i = 0; i < 2000; i++)
		environment[i] = "NAME=value";
	try_execve("30000 arguments", "/tests/show", many, environment);
	memset(large, 'x', sizeof(large) - 1);
	large[131071] = '\0';
	many[1] = large;
	many[2] = NULL;
	try_execve("argument of 131071", "/tests/show", many, environment);
	large[131071] = 'x';
	try_execve("argument of 131072", "/tests/show", many, environment);
	for (int i = 0; i < 30000; i++)
		many[i] = large + 131072 - 400;
	try_execve("too much in all", "/tests/show", many, environment);
	memset(path, '/', sizeof(path));
	strcpy(path + 4095 - 11, "/tests/show");
	try_execve("path of 4095", path, two, variables);
}

static void try_refused(void)
{
	static const struct {
		const char *path;
		const char *why;
	} cases[] = {
		{ "/dir", "directory" },	  { "/file", "may not be executed" },
		{ "/missing", "missing" },	  { "", "empty" },
		{ "/file/x", "below a file" },	  { "/loop", "loop" },
		{ "/dangling", "dangling" },	  { "/fifo", "fifo" },
		{ "/dev/null", "device" },	  { "/closed/file", "closed" },
		{ "/tests/show/", "slash" },	  { "/tests/show/.", "dot" },
		{ "/chain41", "too many links" }, { "/bound", "mount point" },
		{ "/socket", "socket" },	  { "/unreadable", "no permission" },
	};
	unsigned char head[256];
	Elf64_Ehdr *header = (Elf64_Ehdr *)head;
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		try_execve(cases[i].why, cases[i].path, two, variables);
	write_text("/tmp/text", "echo no header\n", 0755);
	try_execve("no format", "/tmp/text", two, variables);
	write_text("/tmp/empty", "", 0755);
	try_execve("empty file", "/tmp/empty", two, variables);
	fd = open("/tests/show", O_RDONLY);
	MUST(read(fd, head, sizeof(head)) == sizeof(head));
	close(fd);
	for (size_t size = 3; size < 70; size += 13) {
		write_file("/tmp/cut", head, size, 0755);
		say("ELF cut to %zu\n", size);
		try_execve("cut", "/tmp/cut", two, variables);
	}
	header->e_machine = EM_AARCH64;
	write_file("/tmp/foreign", head, sizeof(head), 0755);
	try_execve("foreign machine", "/tmp/foreign", two, variables);
	header->e_machine = EM_X86_64;
	header->e_type = ET_REL;
	write_file("/tmp/object", head, sizeof(head), 0755);
	try_execve("object file", "/tmp/object", two, variables);
	header->e_type = ET_EXEC;
	header->e_phentsize = 1;
	write_file("/tmp/headers", head, sizeof(head), 0755);
	try_execve("bad header size", "/tmp/headers", two, variables);
	fd = open("/tests/true", O_RDONLY);
	write_file("/tmp/busy", head, 0, 0755);
	try_execve("argument in bad memory", "/tests/show", (char *const[]){ "zero", no_memory(), NULL }, variables);
	try_execve("variable in bad memory", "/tests/show", two, (char *const[]){ no_memory(), NULL });
	close(fd);
}

/* A dynamic program with another interpreter. */
static void try_interpreters(void)
{
	static const char *const names[] = { "/lib64/no.so", "/tests/../tmp", "/file",
					     "/tmp/text",    "/loop",	      "/lib64/ld.sx" };
	static char copy[1 << 20];
	char *place;
	int fd = open("/tests/show-dynamic", O_RDONLY);
	ssize_t size = read(fd, copy, sizeof(copy));

	close(fd);
	place = memmem(copy, (size_t)size, "/lib64/ld.so", 13);
	MUST(size > 0 && place);
	write_text("/tmp/text", "not a library, but long enough to hold a header of sixty-four bytes and more\n", 0755);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		memset(place, 0, 12);
		memcpy(place, names[i], strlen(names[i]));
		write_file("/tmp/dynamic", copy, (size_t)size, 0755);
		try_execve(names[i], "/tmp/dynamic", two, variables);
	}
	memcpy(place, "/lib64/ld.so", 12);
	place[12] = 'x';
	write_file("/tmp/dynamic", copy, (size_t)size, 0755);
	try_execve("interpreter without an end", "/tmp/dynamic", two, variables);
}

static void try_script(const char *what, const char *line)
{
	write_text("/tmp/script", line, 0755);
	try_execve(what, "/tmp/script", two, variables);
}

static void try_scripts(void)
{
	static char line[600];
	char path[64], text[128];

	try_script("script", "#!/tests/show\nbody\n");
	try_script("script with argument", "#!/tests/show with argument \t \nbody\n");
	try_script("script with blanks", "#! \t /tests/show \t x\n");
	try_script("script without newline", "#!/tests/show end");
	try_script("script with carriage return", "#!/tests/show\r\n");
	try_script("script: only #!", "#!");
	try_script("script: blank", "#!   \n");
	try_script("script: empty line", "#!\n/tests/show\n");
	try_script("script: missing interpreter", "#!/missing/interpreter\n");
	try_script("script: interpreter is a directory", "#!/dir\n");
	try_script("script: interpreter may not be executed", "#!/file\n");
	try_script("script: relative interpreter", "#!tests/show\n");
	try_script("script: dynamic interpreter", "#!/tests/show-dynamic -x\n");
	try_script("script: interpreter by a link", "#!/tmp/link2 -x\n");
	try_script("script: interpreter is itself", "#!/tmp/script\n");
	for (int length = 250; length < 262; length++) {
		memset(line, ' ', sizeof(line));
		memcpy(line, "#!/tests/show ", 14);
		memset(line + 14, 'a', (size_t)length - 14);
		line[length] = '\n';
		line[length + 1] = '\0';
		say("line of %d\n", length);
		try_script("argument cut", line);
		memset(line, '/', (size_t)length);
		memcpy(line, "#!", 2);
		memcpy(line + length - 10, "tests/show", 10);
		try_script("interpreter cut", line);
	}
	for (int i = 1; i < 8; i++) {
		snprintf(path, sizeof(path), "/tmp/nest%d", i);
		if (i == 1)
			strcpy(text, "#!/tests/show deep\n");
		else
			snprintf(text, sizeof(text), "#!/tmp/nest%d level%d\n", i - 1, i);
		write_text(path, text, 0755);
		try_execve(path, path, two, variables);
	}
	try_script("script, no arguments", "#!/tests/show\n");
	try_execve("script, no arguments", "/tmp/script", (char *const[]){ NULL }, variables);
	try_execve("script, NULL arguments", "/tmp/script", NULL, variables);
	MUST(!symlink("script", "/tmp/script-link"));
	try_execve("script by a link", "/tmp/script-link", two, variables);
	MUST(!chdir("/tmp"));
	try_execve("script, relative", "./script", two, variables);
	try_execve("script, bare name", "script", two, variables);
	MUST(!chdir("/"));
	write_text("/tmp/script", "#!/tests/show\n", 0644);
	try_execve("script may not be executed", "/tmp/script", two, variables);
	write_text("/tmp/script", "#!/tests/show\n", 0755);
}

static void try_descriptors(void)
{
	int directory = open("/tests", O_PATH), program = open("/tests/show", O_RDONLY),
	    path = open("/tests/show-pie", O_PATH), closing = open("/tests/show", O_RDONLY | O_CLOEXEC),
	    script = open("/tmp/script", O_RDONLY), closing_script = open("/tmp/script", O_RDONLY | O_CLOEXEC),
	    temporary = open("/tmp", O_PATH), memory, removed, lost;
	static char copy[1 << 20];
	ssize_t size = pread(program, copy, sizeof(copy), 0);

	try_execveat("execveat", AT_FDCWD, "/tests/show", 0);
	try_execveat("relative to a directory", directory, "show", 0);
	try_execveat("dynamic, relative to a directory", directory, "show-dynamic", 0);
	try_execveat("descriptor", program, "", AT_EMPTY_PATH);
	try_execveat("descriptor by path", path, "", AT_EMPTY_PATH);
	try_execveat("descriptor that closes", closing, "", AT_EMPTY_PATH);
	try_execveat("descriptor, no flag", program, "", 0);
	try_execveat("directory descriptor", directory, "", AT_EMPTY_PATH);
	try_execveat("no descriptor", -1, "", AT_EMPTY_PATH);
	try_execveat("not a directory", program, "x", 0);
	try_execveat("link not followed", AT_FDCWD, "/tmp/link", AT_SYMLINK_NOFOLLOW);
	try_execveat("program not followed", AT_FDCWD, "/tests/show", AT_SYMLINK_NOFOLLOW);
	try_execveat("wrong flag", AT_FDCWD, "/tests/show", 0x40);
	try_execveat("script in a directory", temporary, "script", 0);
	try_execveat("script descriptor", script, "", AT_EMPTY_PATH);
	try_execveat("script descriptor that closes", closing_script, "", AT_EMPTY_PATH);
	write_text("/tmp/lost", "#!/tests/missing\n", 0755);
	lost = open("/tmp/lost", O_RDONLY | O_CLOEXEC);
	try_execveat("script without interpreter by a descriptor that closes", lost, "", AT_EMPTY_PATH);
	close(lost);
	write_text("/tmp/lost-too", "#!/file\n", 0755);
	lost = open("/tmp/lost-too", O_RDONLY | O_CLOEXEC);
	try_execveat("script whose interpreter may not be executed, likewise", lost, "", AT_EMPTY_PATH);
	close(lost);
	try_execve("script by /proc/self/fd", "/proc/self/fd/7", two, variables);
	try_execve("program by /proc/self/fd", "/proc/self/fd/4", two, variables);
	try_execve("program by /proc/self/exe", "/proc/self/exe", (char *const[]){ "again", "child", NULL }, variables);
	try_execveat("check", AT_FDCWD, "/tests/show", AT_EXECVE_CHECK);
	try_execveat("check what may not", AT_FDCWD, "/file", AT_EXECVE_CHECK);
	try_execveat("check a text", AT_FDCWD, "/tmp/text", AT_EXECVE_CHECK);
	try_execveat("check a descriptor", program, "", AT_EXECVE_CHECK | AT_EMPTY_PATH);
	memory = (int)syscall(SYS_memfd_create, "memory", MFD_CLOEXEC);
	MUST(size > 0 && write(memory, copy, (size_t)size) == size);
	say("# (memory's exe has its own name)\n");
	try_execveat("memory being written", memory, "", AT_EMPTY_PATH);
	removed = open("/tmp/removed", O_WRONLY | O_CREAT | O_EXCL, 0755);
	MUST(write(removed, copy, (size_t)size) == size && !close(removed));
	removed = open("/tmp/removed", O_RDONLY);
	MUST(!unlink("/tmp/removed"));
	try_execveat("removed file", removed, "", AT_EMPTY_PATH);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		say("executed again as %s %s\n", argv[0], argv[1]);
		return 0;
	}
	umask(022);
	try_programs();
	try_long();
	try_refused();
	try_interpreters();
	try_scripts();
	try_descriptors();
	return 0;
}
