/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plan_exec() against the kernel's own execve(2): each file is planned and
 * executed, and both must give the same error, or the same arguments. This
 * program itself is the interpreter that the files name: it prints its
 * arguments. PROOT_TEST_SEED repeats a run.
 */
#define _GNU_SOURCE
#include "tap.h"
#include "arch.h"
#include "image/plan.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PRINTS_ARGUMENTS "PROOT_TEST_PRINTS_ARGUMENTS"

static char directory[64];
static char interpreter[80]; /* a program */
static char script[80];
static int open_files;

static long open_file(void *context, const char *path, char *exe)
{
	struct stat status;
	int fd;

	(void)context;
	if (stat(path, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return -EACCES;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	open_files++;
	if (exe)
		snprintf(exe, PATH_SIZE, "%s", path);
	return fd;
}

static long read_file(int fd, void *buf, size_t size, uint64_t offset)
{
	ssize_t length = pread(fd, buf, size, (off_t)offset);

	return length < 0 ? -errno : (long)length;
}

static void close_file(int fd)
{
	close(fd);
	open_files--;
}

static long open_host_file(void *context, const char *path)
{
	return open_file(context, path, NULL);
}

/* What is called "bound" is. */
static bool is_bound(void *context, const char *exe)
{
	(void)context;
	return strstr(exe, "bound");
}

static const struct plan_operations operations = {
	.open = open_file, .open_host = open_host_file, .is_bound = is_bound, .read = read_file, .close = close_file
};

/* What an execution came to: an error, or the arguments, each with a newline behind. */
struct outcome {
	long status;
	char arguments[8192];
};

static struct plan plan;

static void plan_it(const char *path, struct outcome *outcome)
{
	outcome->arguments[0] = '\0';
	outcome->status = plan_exec(&plan, &operations, NULL, NULL, path);
	if (outcome->status)
		return;
	for (unsigned int i = 0; i < plan.front_count; i++) {
		strcat(outcome->arguments, plan.front[i]);
		strcat(outcome->arguments, "\n");
	}
	strcat(outcome->arguments, plan.front_count ? "one\n" : "zero\none\n");
	plan_close(&plan);
}

static void execute_it(const char *path, struct outcome *outcome)
{
	char *const argv[] = { "zero", "one", NULL }, *const envp[] = { PRINTS_ARGUMENTS "=1", NULL };
	ssize_t length = 0, part;
	int output[2], status, error = 0;
	pid_t child;

	if (pipe2(output, O_CLOEXEC))
		exit(1);
	child = fork();
	if (!child) {
		dup2(output[1], STDOUT_FILENO);
		execve(path, argv, envp);
		error = errno;
		dprintf(STDOUT_FILENO, "errno %d", error);
		_exit(111);
	}
	close(output[1]);
	while ((part = read(output[0], outcome->arguments + length, sizeof(outcome->arguments) - 1 - (size_t)length)) >
	       0)
		length += part;
	outcome->arguments[length] = '\0';
	close(output[0]);
	waitpid(child, &status, 0);
	outcome->status = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 111 && sscanf(outcome->arguments, "errno %d", &error) == 1) {
		outcome->status = -error;
		outcome->arguments[0] = '\0';
	} else if (WIFSIGNALED(status)) {
		outcome->status = -1000 - WTERMSIG(status);
	}
}

static bool is_as_executed(const char *path)
{
	static struct outcome planned, executed;

	plan_it(path, &planned);
	execute_it(path, &executed);
	if (planned.status == executed.status && !strcmp(planned.arguments, executed.arguments) && !open_files)
		return true;
	printf("# planned %ld '%s'\n# executed %ld '%s'\n# %d files left open\n", planned.status, planned.arguments,
	       executed.status, executed.arguments, open_files);
	return false;
}

static void write_file(const char *path, const void *content, size_t size)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (fd < 0 || write(fd, content, size) != (ssize_t)size)
		exit(1);
	close(fd);
}

static bool script_is_right(const char *content, size_t size)
{
	write_file(script, content, size);
	return is_as_executed(script);
}

/* A script whose text is FORMAT with the interpreter's path in place of %s. */
static bool line_is_right(const char *format)
{
	char content[1024];
	int size = snprintf(content, sizeof(content), format, interpreter);

	return script_is_right(content, (size_t)size);
}

#define LINE(format) ok(line_is_right(format), "the line " #format)

static void test_lines(void)
{
	LINE("#!%s\n");
	LINE("#!%s");
	LINE("#! %s\n");
	LINE("#!\t \t%s\t \n");
	LINE("#!%s argument\n");
	LINE("#!%s  two  words \t \nmore\n");
	LINE("#!%s\targument");
	LINE("#!%s -x\r\n");
	LINE("#!%s\r\n");
	LINE("#!");
	LINE("#!\n");
	LINE("#!   ");
	LINE("#!   \n%s\n");
	LINE("# !%s\n");
	LINE("#!missing\n");
	LINE("#!/\n");
	LINE("#!/dev/null\n");
	LINE("#");
	LINE("");
	LINE("text\n");
	LINE("\n#!%s\n");
}

/* A line of exactly LENGTH bytes before its newline, or before the end of the file. */
static bool long_line_is_right(size_t length, bool has_argument, const char *end)
{
	char content[1024];
	size_t size = (size_t)snprintf(content, sizeof(content), "#!%s%s", interpreter, has_argument ? " " : "");

	memset(content + size, 'x', sizeof(content) - size);
	strcpy(content + length, end);
	return script_is_right(content, length + strlen(end));
}

static void test_long_lines(void)
{
	static const size_t lengths[] = { 253, 254, 255, 256, 257, 300 };
	char name[100];

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		snprintf(name, sizeof(name), "a line of %zu bytes with an argument", lengths[i]);
		ok(long_line_is_right(lengths[i], true, "\n"), name);
		ok(long_line_is_right(lengths[i], true, ""), name);
		snprintf(name, sizeof(name), "a line of %zu bytes without", lengths[i]);
		ok(long_line_is_right(lengths[i], false, "\n"), name);
		ok(long_line_is_right(lengths[i], false, ""), name);
		snprintf(name, sizeof(name), "%zu bytes before a blank", lengths[i]);
		ok(long_line_is_right(lengths[i], false, " x\n"), name);
	}
}

static void test_zero_bytes(void)
{
	char content[512];
	int size;

	size = snprintf(content, sizeof(content), "#!%s%cjunk\n", interpreter, 0);
	ok(script_is_right(content, (size_t)size), "a zero byte behind the interpreter");
	size = snprintf(content, sizeof(content), "#!%s arg%cjunk\n", interpreter, 0);
	ok(script_is_right(content, (size_t)size), "a zero byte behind the argument");
	ok(script_is_right("#!\0\n", 4), "a zero byte in place of the interpreter");
	ok(script_is_right("#!  \0\n", 6), "a zero byte behind blanks");
}

/* Scripts that name one another: the first of DEPTH, the last names END. */
static bool chain_is_right(unsigned int depth, const char *end)
{
	char path[100], content[200];

	for (unsigned int i = 0; i < depth; i++) {
		if (i + 1 < depth)
			snprintf(content, sizeof(content), "#!%s/%u arg%u\n", directory, i + 1, i);
		else
			snprintf(content, sizeof(content), "#!%s last\n", end);
		snprintf(path, sizeof(path), "%s/%u", directory, i);
		write_file(path, content, strlen(content));
	}
	snprintf(path, sizeof(path), "%s/0", directory);
	return is_as_executed(path);
}

static void test_chains(void)
{
	char name[64];

	for (unsigned int depth = 1; depth < 8; depth++) {
		snprintf(name, sizeof(name), "%u scripts that name one another", depth);
		ok(chain_is_right(depth, interpreter), name);
	}
	ok(chain_is_right(3, "/missing"), "a chain that ends nowhere");
	ok(chain_is_right(5, directory), "a chain that ends in a directory");
}

static uint64_t random_state;

static unsigned int random_below(unsigned int limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(random_state >> 33) % limit;
}

static void test_random_lines(void)
{
	static const char letters[] = " \t\n\0/x#!";
	const char *seed = getenv("PROOT_TEST_SEED");
	unsigned long number = seed ? strtoul(seed, NULL, 10) : (unsigned long)time(NULL);
	char content[300];
	bool is_right = true;

	random_state = number;
	for (unsigned int i = 0; i < 300 && is_right; i++) {
		size_t size = 2, most = random_below(4) ? 20 : sizeof(content);

		memcpy(content, "#!", 2);
		while (random_below(10) && size < most) {
			if (random_below(8) == 0 && size + strlen(interpreter) < most) {
				memcpy(content + size, interpreter, strlen(interpreter));
				size += strlen(interpreter);
			} else {
				content[size++] = letters[random_below(sizeof(letters) - 1)];
			}
		}
		/* Long runs of one letter reach the limit of 256 bytes. */
		if (!random_below(4)) {
			size_t run = random_below((unsigned int)(sizeof(content) - size) + 1);

			memset(content + size, letters[random_below(sizeof(letters) - 1)], run);
			size += run;
		}
		is_right = script_is_right(content, size);
		for (size_t at = 0; !is_right && at < size; at++)
			printf("%s%02x%s", at ? " " : "# bytes: ", (unsigned char)content[at],
			       at + 1 < size ? "" : "\n");
	}
	printf("# seed %lu\n", number);
	ok(is_right, "random lines");
}

/* An ELF file: its header, two program headers, and the interpreter's name. */
struct program {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	char name[PATH_MAX + 1];
};

/* A program that is right but for what its interpreter is. */
static struct program *new_program(const char *name)
{
	static struct program program;

	program = (struct program){
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_DYN,
			    .e_machine = ARCH_ELF_MACHINE,
			    .e_version = EV_CURRENT,
			    .e_phoff = offsetof(struct program, segments),
			    .e_ehsize = sizeof(Elf64_Ehdr),
			    .e_phentsize = sizeof(Elf64_Phdr),
			    .e_phnum = 2 },
		.segments = { { .p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = 64, .p_memsz = 64, .p_align = 4096 },
			      { .p_type = PT_INTERP,
				.p_offset = offsetof(struct program, name),
				.p_filesz = strlen(name) + 1 } },
	};
	strcpy(program.name, name);
	return &program;
}

static bool program_is_right(const struct program *program)
{
	write_file(script, program, sizeof(*program));
	return is_as_executed(script);
}

static enum plan_stage stage_of(const char *path)
{
	struct outcome outcome;

	plan_it(path, &outcome);
	return plan.stage;
}

static void test_interpreters(void)
{
	char path[100];
	struct program *program = new_program("/missing/ld.so");

	ok(program_is_right(program), "a missing ELF interpreter");
	ok(stage_of(script) == PLAN_INTERPRETER && !strcmp(plan.failed_path, "/missing/ld.so"), "is named");
	ok(program_is_right(new_program("/dev/null")), "a device as the ELF interpreter");
	ok(program_is_right(new_program(directory)), "a directory as the ELF interpreter");
	program = new_program("x");
	program->segments[1].p_filesz = 1;
	ok(program_is_right(program), "an ELF interpreter without a name");
	program->segments[1].p_filesz = 0;
	ok(program_is_right(program), "an ELF interpreter of no bytes");
	program = new_program("/missing");
	program->segments[1].p_filesz--;
	ok(program_is_right(program), "an ELF interpreter without a NUL");
	program->segments[1].p_filesz = PATH_MAX;
	ok(program_is_right(program), "an ELF interpreter of 4096 bytes");
	program->segments[1].p_filesz = PATH_MAX + 1;
	ok(program_is_right(program), "an ELF interpreter of 4097 bytes");
	program->segments[1].p_filesz = 100;
	program->segments[1].p_offset = 1 << 20;
	ok(program_is_right(program), "an ELF interpreter behind the end of the file");
	snprintf(path, sizeof(path), "%s/not-elf", directory);
	program = new_program(path);
	write_file(path, "#!/bin/sh\n", 10);
	ok(program_is_right(program), "a script as the ELF interpreter");
	write_file(path, "", 0);
	ok(program_is_right(program), "an empty file as the ELF interpreter");
	write_file(path, program, 63);
	ok(program_is_right(program), "an ELF interpreter that is cut short");
	memset(&program->header, 'x', sizeof(program->header));
	write_file(path, program, sizeof(*program));
	ok(program_is_right(new_program(path)), "a text as the ELF interpreter");
	program->header.e_machine = EM_S390;
	program = new_program(path);
	program->header.e_machine = EM_S390;
	write_file(path, program, sizeof(*program));
	ok(program_is_right(new_program(path)), "an ELF interpreter for another CPU");
	program = new_program(path);
	program->header.e_phentsize = 1;
	write_file(path, program, sizeof(*program));
	ok(program_is_right(new_program(path)), "an ELF interpreter with bad headers");
}

static void test_programs(void)
{
	struct program *program = new_program("/missing/ld.so");

	program->header.e_type = ET_REL;
	ok(program_is_right(program), "an object file");
	program = new_program("/missing/ld.so");
	program->header.e_phentsize = sizeof(Elf32_Phdr);
	ok(program_is_right(program), "program headers of another size");
	program = new_program("/missing/ld.so");
	program->header.e_phnum = 0;
	ok(program_is_right(program), "no program headers");
	program->header.e_phnum = 1171;
	ok(program_is_right(program), "too many program headers");
	program->header.e_phnum = 1170;
	ok(program_is_right(program), "program headers that are not in the file");
	program->header.e_phnum = 2;
	program->header.e_phoff = 1 << 20;
	ok(program_is_right(program), "program headers behind the end of the file");
	program->header.e_phoff = ~0ul - 8;
	ok(program_is_right(program), "program headers at an offset that is negative");
	program = new_program("/missing/ld.so");
	program->header.e_machine = EM_S390;
	ok(program_is_right(program), "a program for another CPU");
	ok(stage_of(script) == PLAN_FOREIGN && plan.machine == EM_S390 && plan.class == ELFCLASS64, "is told apart");
	program->header.e_ident[EI_DATA] = ELFDATA2MSB;
	program->header.e_machine = EM_S390 << 8;
	ok(program_is_right(program), "a program for a CPU of the other byte order");
	ok(stage_of(script) == PLAN_FOREIGN && plan.machine == EM_S390, "is told apart");
	program->header.e_ident[EI_MAG1] = 'e';
	ok(program_is_right(program), "no ELF file");
	ok(stage_of(script) == PLAN_FORMAT, "is told apart");
	write_file(script, new_program("x"), 40);
	ok(is_as_executed(script), "an ELF file that is cut short");
	write_file(script, "\177ELF", 4);
	ok(is_as_executed(script), "the beginning of an ELF file");
}

static void test_files(void)
{
	ok(is_as_executed(interpreter), "a program");
	ok(!strcmp(plan.exe, interpreter), "and its name");
	ok(is_as_executed("/missing"), "a missing file");
	ok(is_as_executed(directory), "a directory");
	ok(is_as_executed("/dev/null"), "a device");
	write_file(script, "#!/bin/sh\n", 10);
	chmod(script, 0644);
	ok(is_as_executed(script), "a file without execute permission");
}

static void remove_files(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command))
		printf("# could not remove %s\n", directory);
}

static void make_files(void)
{
	const char *temporary = getenv("TMPDIR");
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	snprintf(directory, sizeof(directory), "%.40s/plan.XXXXXX", temporary ? temporary : "/tmp");
	if (length < 0 || !mkdtemp(directory))
		exit(1);
	self[length] = '\0';
	snprintf(interpreter, sizeof(interpreter), "%s/i", directory);
	snprintf(script, sizeof(script), "%s/script", directory);
	if (symlink(self, interpreter))
		exit(1);
}

/* A file that claims to be for MACHINE, of this class and order. */
static void write_foreign(const char *path, uint16_t machine)
{
	Elf64_Ehdr header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			      .e_type = ET_EXEC,
			      .e_machine = machine };

	write_file(path, &header, sizeof(header));
}

static bool gives(const struct emulator *emulator, const char *path, long status, enum plan_stage stage)
{
	long got = plan_exec(&plan, &operations, NULL, emulator, path);

	if (got != status || (status && plan.stage != stage))
		printf("# %ld at stage %u\n", got, plan.stage);
	return got == status && (!status || plan.stage == stage);
}

/* This program is the emulator, and is for this machine; its loader is that of the host. */
static void test_emulator(void)
{
	char foreign[80], bound[80], twisted[96];
	struct emulator emulator = { .count = 1, .machine = 999, .class = ELFCLASS64, .order = ELFDATA2LSB };

	snprintf(emulator.words, sizeof(emulator.words), EMULATOR_HOST "%s", interpreter);
	snprintf(foreign, sizeof(foreign), "%s/foreign", directory);
	snprintf(bound, sizeof(bound), "%s/bound", directory);
	snprintf(twisted, sizeof(twisted), "#!%s\n", foreign);
	write_foreign(foreign, 999);
	write_file(script, twisted, strlen(twisted));
	ok(gives(NULL, foreign, -ENOEXEC, PLAN_FOREIGN) && !open_files, "a foreign program without an emulator");
	ok(gives(&emulator, foreign, 0, 0) && plan.foreign_path == foreign && plan.is_of_host && plan.program_fd >= 0 &&
		   plan.foreign_fd >= 0 && !strcmp(plan.exe, foreign),
	   "with one");
	ok(plan.has_interpreter && !strncmp(plan.interpreter, EMULATOR_HOST "/", sizeof(EMULATOR_HOST)),
	   "the emulator's loader is the host's");
	plan_close(&plan);
	plan.drops_foreign = true;
	ok(gives(&emulator, foreign, 0, 0) && plan.foreign_fd < 0 && plan.foreign_path == foreign,
	   "the program is not kept open where that is of no use");
	plan.drops_foreign = false;
	plan_close(&plan);
	ok(gives(&emulator, script, 0, 0) && !strcmp(plan.foreign_path, foreign) && plan.front_count == 2,
	   "a script of a foreign interpreter");
	plan_close(&plan);
	ok(gives(&emulator, interpreter, 0, 0) && !plan.foreign_path && !plan.is_of_host,
	   "a program for this machine with a loader in the guest");
	plan_close(&plan);
	if (symlink(interpreter, bound))
		exit(1);
	ok(gives(&emulator, bound, 0, 0) && !plan.foreign_path && plan.is_of_host, "one that is bound into it");
	plan_close(&plan);
	ok(gives(NULL, bound, 0, 0) && !plan.is_of_host, "where there is no emulator that is the guest's own");
	plan_close(&plan);
	emulator.runs_all = 1;
	ok(gives(&emulator, interpreter, 0, 0) && plan.foreign_path == interpreter, "programs for this machine, too");
	plan_close(&plan);
	emulator.machine = 998;
	emulator.runs_all = 0;
	ok(gives(&emulator, foreign, -ENOEXEC, PLAN_FOREIGN), "an emulator for another CPU");
	emulator.machine = 0;
	snprintf(emulator.words, sizeof(emulator.words), EMULATOR_HOST "%s/missing", directory);
	ok(gives(&emulator, foreign, -ENOENT, PLAN_EMULATOR), "an emulator that is missing");
	snprintf(emulator.words, sizeof(emulator.words), EMULATOR_HOST "%s", foreign);
	ok(gives(&emulator, foreign, -ENOEXEC, PLAN_EMULATOR), "an emulator that needs one itself");
	ok(!open_files, "no file is left open");
	unlink(foreign);
	unlink(bound);
}

int main(int argc, char *argv[])
{
	if (getenv(PRINTS_ARGUMENTS)) {
		for (int i = 0; i < argc; i++)
			printf("%s\n", argv[i]);
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	make_files();
	test_files();
	test_lines();
	test_long_lines();
	test_zero_bytes();
	test_chains();
	test_random_lines();
	test_interpreters();
	test_programs();
	test_emulator();
	remove_files();
	return plan_done();
}
