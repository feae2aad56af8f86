/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * execveat: descriptors of every kind, flags that go together, checks without
 * execution, scripts by descriptor, and execution when no descriptor is free.
 */
#include "call.h"
#include <linux/memfd.h>
#include <sys/resource.h>

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

static char *const arguments[] = { "zero", "again", NULL }, *const full[] = { "zero", "full", NULL },
		   *const environment[] = { "A=1", NULL };

/* One execution, in a child. */
static struct {
	int directory;
	const char *path;
	char *const *arguments;
	char *const *environment;
	int flags;
} with;

static void execute(void)
{
	say("  = %s\n",
	    show(CALL(SYS_execveat, with.directory, with.path, with.arguments, with.environment, with.flags)));
}

static void try(const char *what, int directory, const char *path, int flags)
{
	say("# %s, flags %x\n", what, flags);
	with.directory = directory;
	with.path = path;
	with.arguments = arguments;
	with.environment = environment;
	with.flags = flags;
	in_child(execute);
}

static int write_file(const char *path, const void *data, size_t size, mode_t mode)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size && !fchmod(fd, mode));
	return fd;
}

static void write_text(const char *path, const char *text, mode_t mode)
{
	close(write_file(path, text, strlen(text), mode));
}

/* Each flag, and those that go together, with each kind of descriptor and path. */
static void try_all(void)
{
	static const int flags_of[] = { 0,
					AT_EMPTY_PATH,
					AT_SYMLINK_NOFOLLOW,
					AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
					AT_EXECVE_CHECK,
					AT_EXECVE_CHECK | AT_EMPTY_PATH,
					AT_EXECVE_CHECK | AT_SYMLINK_NOFOLLOW,
					AT_SYMLINK_FOLLOW,
					AT_EMPTY_PATH | 0x20000 };
	static const struct {
		const char *path;
		int flags;
	} opened[] = {
		{ "/tests/true", O_RDONLY },
		{ "/tests/true", O_PATH },
		{ "/tests/true", O_PATH | O_CLOEXEC },
		{ "/tests", O_PATH },
		{ "/bound", O_RDONLY },
		{ "/bound/program", O_RDONLY },
		{ "/dir/mount/program", O_PATH },
		{ "/tmp/link", O_PATH | O_NOFOLLOW },
		{ "/file", O_RDONLY },
		{ "/fifo", O_PATH },
		{ "/dev/null", O_RDWR },
		{ "/proc/self/exe", O_PATH },
		{ "/proc/self/status", O_RDONLY },
		{ "/tmp/script", O_RDONLY },
		{ "/tmp/script", O_PATH | O_CLOEXEC },
		{ "/tmp/writable", O_RDWR },
	};
	static const char *const paths[] = { "",	  "true",	 "program",	"../tests/true", "/tests/true",
					     "/tmp/link", "../tmp/link", "/tmp/script", "/tests/true/",	 "." };

	for (size_t i = 0; i < ARRAY_SIZE(flags_of); i++)
		for (size_t j = 0; j < ARRAY_SIZE(opened); j++) {
			int fd = open(opened[j].path, opened[j].flags);

			for (size_t k = 0; k < ARRAY_SIZE(paths); k++) {
				/* The program itself says nothing of how it was named. */
				say("%s opened %o, ", opened[j].path, opened[j].flags);
				try(show_path(paths[k]), fd, paths[k], flags_of[i]);
			}
			close(fd);
		}
	for (size_t i = 0; i < ARRAY_SIZE(flags_of); i++) {
		try("no path", AT_FDCWD, NULL, flags_of[i]);
		try("bad path", AT_FDCWD, no_memory(), flags_of[i]);
		try("nothing from here", AT_FDCWD, "", flags_of[i]);
		try("nothing from nowhere", -1, "", flags_of[i]);
		try("from nowhere", 777, "true", flags_of[i]);
		try("absolute from nowhere", 777, "/tests/true", flags_of[i]);
	}
}

/* What is wrong with the arrays is told with a check too. */
static void try_arrays(void)
{
	static const int flags_of[] = { 0, AT_EXECVE_CHECK };
	static const char *const paths[] = { "/tests/true", "/missing", "/file" };
	char *const bad_string[] = { "zero", no_memory(), NULL };

	for (size_t i = 0; i < ARRAY_SIZE(flags_of); i++)
		for (size_t j = 0; j < ARRAY_SIZE(paths); j++) {
			with.directory = AT_FDCWD;
			with.path = paths[j];
			with.flags = flags_of[i];
			say("# %s, flags %x: bad arguments, bad environment, bad strings, none\n", paths[j],
			    flags_of[i]);
			with.arguments = no_memory();
			with.environment = environment;
			in_child(execute);
			with.arguments = arguments;
			with.environment = no_memory();
			in_child(execute);
			with.arguments = bad_string;
			with.environment = environment;
			in_child(execute);
			with.arguments = arguments;
			with.environment = bad_string;
			in_child(execute);
			with.arguments = with.environment = NULL;
			in_child(execute);
		}
}

static void try_memory(const char *program, size_t size)
{
	static const struct {
		const char *name;
		unsigned int flags;
	} kinds[] = { { "memory", 0 },
		      { "closing memory", MFD_CLOEXEC },
		      { "memory not to be executed", MFD_NOEXEC_SEAL },
		      { "sealed memory", MFD_ALLOW_SEALING } };
	char name[64];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int memory = (int)syscall(SYS_memfd_create, "memory", kinds[i].flags), opened;

		if (memory < 0) {
			say("%s: %s\n", kinds[i].name, strerrorname_np(errno));
			continue;
		}
		MUST(write(memory, program, size) == (ssize_t)size);
		try(kinds[i].name, memory, "", AT_EMPTY_PATH);
		try(kinds[i].name, memory, "", AT_EMPTY_PATH | AT_EXECVE_CHECK);
		if (kinds[i].flags & MFD_ALLOW_SEALING)
			MUST(!fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW));
		snprintf(name, sizeof(name), "/proc/self/fd/%d", memory);
		opened = open(name, O_RDONLY | O_CLOEXEC);
		close(memory);
		try("opened to read", opened, "", AT_EMPTY_PATH);
		close(opened);
	}
}

/* A script is opened again by its interpreter: by /dev/fd/N, which must be left open. */
static void try_scripts(void)
{
	int script = open("/tmp/script", O_RDONLY), closing = open("/tmp/script", O_RDONLY | O_CLOEXEC),
	    directory = open("/tmp", O_PATH), closing_directory = open("/tmp", O_PATH | O_CLOEXEC);

	try("script", script, "", AT_EMPTY_PATH);
	try("closing script", closing, "", AT_EMPTY_PATH);
	try("in a directory", directory, "script", 0);
	try("in a closing directory", closing_directory, "script", 0);
	try("absolute, with a closing directory", closing_directory, "/tmp/script", 0);
	try("program in a closing directory", closing_directory, "../tests/true", 0);
	try("check of a closing script", closing, "", AT_EMPTY_PATH | AT_EXECVE_CHECK);
	try("without an interpreter", directory, "lost", 0);
	try("check without an interpreter", directory, "lost", AT_EXECVE_CHECK);
	close(script);
	close(closing);
	close(directory);
	close(closing_directory);
}

/* A file that is open for writing is not executed. */
static void try_busy(void)
{
	int fd = open("/tmp/busy", O_RDWR | O_CLOEXEC), reading = open("/tmp/busy", O_RDONLY | O_CLOEXEC);

	try("being written", AT_FDCWD, "/tmp/busy", 0);
	try("being written, by descriptor", reading, "", AT_EMPTY_PATH);
	try("being written, check", AT_FDCWD, "/tmp/busy", AT_EXECVE_CHECK);
	close(fd);
	try("no longer", AT_FDCWD, "/tmp/busy", 0);
	close(reading);
}

static void fill_descriptors(rlim_t soft, rlim_t hard, int flags)
{
	struct rlimit limit = { soft, hard };
	int fd;

	MUST(!setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = open("/dev/null", O_RDONLY | flags)) >= 0)
		;
	MUST(errno == EMFILE);
}

/* Nothing in execve(2) takes a descriptor; what limits there are stay as they are. */
static void try_full(const char *path, rlim_t hard, int flags)
{
	pid_t pid;
	int status;

	say("# %s, no descriptor free, limit %d, flags %o\n", path, (int)hard, flags);
	pid = fork();
	if (!pid) {
		fill_descriptors(16, hard, flags);
		say("  = %s\n", show(CALL(SYS_execve, "/missing", arguments, environment)));
		say("  = %s\n", show(CALL(SYS_execve, path, full, environment)));
		_exit(1);
	}
	MUST(waitpid(pid, &status, 0) == pid);
	say("  exit status %d\n", WEXITSTATUS(status));
}

/* As executed by try_full(): what is open, and how much may be. */
static int show_descriptors(void)
{
	struct rlimit limit;

	MUST(!getrlimit(RLIMIT_NOFILE, &limit));
	say("executed: limit %d %d, open", (int)limit.rlim_cur, (int)limit.rlim_max);
	for (int fd = 0; fd < 40; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			say(" %d", fd);
	say("\n");
	return 0;
}

int main(int argc, char **argv)
{
	static char program[1 << 21];
	int fd = open("/tests/true", O_RDONLY | O_CLOEXEC);
	ssize_t size = read(fd, program, sizeof(program));

	if (argc > 1 && !strcmp(argv[1], "full"))
		return show_descriptors();
	umask(022);
	MUST(size > 0 && !symlink("/tests/true", "/tmp/link"));
	close(fd);
	close(write_file("/bound/program", program, (size_t)size, 0755));
	close(write_file("/dir/mount/program", program, (size_t)size, 0700));
	close(write_file("/tmp/writable", program, (size_t)size, 0755));
	close(write_file("/tmp/busy", program, (size_t)size, 0755));
	write_text("/tmp/script", "#!/tests/true\n", 0755);
	write_text("/tmp/lost", "#!/missing\n", 0755);
	try_all();
	try_arrays();
	try_memory(program, (size_t)size);
	try_scripts();
	try_busy();
	for (int i = 0; i < 2; i++) {
		try_full("/tests/execveat", 16, i ? O_CLOEXEC : 0);
		try_full("/tests/execveat", 64, i ? O_CLOEXEC : 0);
		try_full("/tests/show-dynamic", 16, i ? O_CLOEXEC : 0);
		try_full("/tmp/script", 64, i ? O_CLOEXEC : 0);
	}
	return 0;
}
