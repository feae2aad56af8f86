/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * execve of position-independent programs whose segments lie in unusual ways.
 * Each is a few instructions: it reads a word of its last segment and exits with it.
 */
#include "call.h"
#include <elf.h>

#define CODE 0x400 /* where the instructions lie in the file, and from the program's beginning */
#define DATA 0x1800

static unsigned char file[3 * PAGE];
static Elf64_Phdr *const segments = (Elf64_Phdr *)(file + sizeof(Elf64_Ehdr));

/* mov OFFSET(%rip), %edi; mov $60, %eax; syscall */
static void write_code(unsigned int address_read)
{
	static const unsigned char behind[] = { 0xb8, 60, 0, 0, 0, 0x0f, 0x05 };
	unsigned int offset = address_read - (CODE + 6);

	file[CODE] = 0x8b;
	file[CODE + 1] = 0x3d;
	memcpy(file + CODE + 2, &offset, sizeof(offset));
	memcpy(file + CODE + 6, behind, sizeof(behind));
}

static void begin(unsigned int address_read)
{
	static const unsigned char identity[] = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT };
	Elf64_Ehdr header = { .e_type = ET_DYN,
			      .e_machine = EM_X86_64,
			      .e_version = EV_CURRENT,
			      .e_entry = CODE,
			      .e_phoff = sizeof(Elf64_Ehdr),
			      .e_ehsize = sizeof(Elf64_Ehdr),
			      .e_phentsize = sizeof(Elf64_Phdr),
			      .e_phnum = 3 };

	memset(file, 0, sizeof(file));
	memcpy(header.e_ident, identity, sizeof(identity));
	memcpy(file, &header, sizeof(header));
	write_code(address_read);
	file[DATA] = 42;
	segments[0] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_X, 0, 0, 0, 0x1000, 0x1000, PAGE };
}

static void segment(unsigned int index, unsigned int flags, size_t address, size_t size, size_t memory)
{
	size_t offset = DATA / PAGE * PAGE + address % PAGE;

	segments[index] = (Elf64_Phdr){ PT_LOAD, flags, offset, address, address, size, memory, PAGE };
}

static void execute(void)
{
	char *const arguments[] = { "odd", NULL };

	say("  = %s\n", show(CALL(SYS_execve, "/odd", arguments, arguments + 1)));
}

static void try(const char *what)
{
	int fd, status;
	pid_t child;

	say("# %s\n", what);
	unlink("/odd");
	fd = open("/odd", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	MUST(fd >= 0 && write(fd, file, sizeof(file)) == sizeof(file) && !close(fd));
	child = fork();
	if (!child) {
		execute();
		_exit(0);
	}
	MUST(waitpid(child, &status, 0) == child);
	say(WIFSIGNALED(status) ? "  signal %d\n" : "  exit %d\n",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int main(void)
{
	begin(0x2800);
	segment(1, PF_R | PF_W, 0x2800, 0x100, 0x100);
	try("two segments");
	segment(1, PF_R | PF_W, 0x2800, 0x100, 0x5000);
	try("memory behind the file's");
	begin(0x7000);
	segment(1, PF_R | PF_W, 0x2800, 0x100, 0x5000);
	try("that is read");
	begin(0x2900);
	segment(1, PF_R | PF_W, 0x2800, 0x100, 0x180);
	try("the rest of the page");
	begin(0x20800);
	segment(1, PF_R | PF_W, 0x20800, 0x100, 0x100);
	try("a hole");
	begin(0x5000);
	segment(1, PF_R | PF_W, 0x20800, 0x100, 0x100);
	try("a hole that is read");
	begin(0x20000);
	segment(1, PF_R | PF_W, 0x20000, 0, 0x2000);
	try("a segment without a file");
	begin(0x2800);
	segment(1, PF_R | PF_W, 0x2800, 0x100, 0x100);
	segment(2, PF_R, 0x2a00, 0x100, 0x100);
	try("two in one page");
	begin(0x4800);
	segment(1, PF_R | PF_W, 0x2800, 0x100, 0x1000);
	segment(2, PF_R, 0x4800, 0x100, 0x100);
	try("memory between two");
	begin(0x2800);
	segment(1, PF_R | PF_W, 0x2800, 0x100, 0x100);
	segments[1].p_align = 0x200000;
	try("a large alignment");
	return 0;
}
