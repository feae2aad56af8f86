/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	refuse WHAT=ERROR ... COMMAND [ARGUMENT ...]
 *
 * Runs the command where the machine refuses WHAT, a row of the table below, with EPERM, EINVAL or
 * ENOSYS, as sandboxes and kernels without it do; or with SIGSYS, as Android does, which a process may catch, or KILL.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANY (-1)
#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* NR, with FIRST as its first argument. */
static const struct row {
	const char *what;
	int nr;
	int first;
} rows[] = {
	{ "seccomp", SYS_seccomp, ANY },       { "seccomp", SYS_prctl, PR_SET_SECCOMP },
	{ "ptrace", SYS_ptrace, ANY },	       { "memfd", SYS_memfd_create, ANY },
	{ "layout", SYS_prctl, PR_SET_MM },    { "memory", SYS_shmget, ANY },
	{ "attributes", SYS_fsetxattr, ANY },  { "namespaces", SYS_unshare, ANY },
	{ "segments", SYS_shmget, ANY },       { "segments", SYS_shmat, ANY },
	{ "segments", SYS_shmctl, ANY },       { "segments", SYS_shmdt, ANY },
	{ "semaphores", SYS_semget, ANY },     { "semaphores", SYS_semop, ANY },
	{ "semaphores", SYS_semtimedop, ANY }, { "semaphores", SYS_semctl, ANY },
	{ "queues", SYS_msgget, ANY },	       { "queues", SYS_msgsnd, ANY },
	{ "queues", SYS_msgrcv, ANY },	       { "queues", SYS_msgctl, ANY },
};

static struct sock_filter code[256];
static unsigned short count;

static void add(uint16_t what, uint32_t value, uint8_t no)
{
	code[count++] = (struct sock_filter){ what, 0, no, value };
}

static void add_row(const struct row *row, uint32_t verdict)
{
	add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0);
	add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->nr, row->first == ANY ? 1 : 3);
	if (row->first != ANY) {
		add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args), 0);
		add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->first, 1);
	}
	add(BPF_RET | BPF_K, verdict, 0);
}

static const struct answer {
	const char *name;
	uint32_t verdict;
} answers[] = {
	{ "EPERM", SECCOMP_RET_ERRNO | EPERM },	  { "EINVAL", SECCOMP_RET_ERRNO | EINVAL },
	{ "ENOSYS", SECCOMP_RET_ERRNO | ENOSYS }, { "SIGSYS", SECCOMP_RET_TRAP },
	{ "KILL", SECCOMP_RET_KILL_PROCESS },
};

/* 0: there is none of that name. */
static uint32_t verdict_of(const char *name)
{
	for (size_t i = 0; i < SIZE(answers); i++)
		if (!strcmp(answers[i].name, name))
			return answers[i].verdict;
	return 0;
}

/* Refuse what WORD says. */
static void refuse(const char *word)
{
	size_t length = strcspn(word, "=");
	uint32_t verdict = verdict_of(word + length + 1);
	unsigned short before = count;

	for (size_t i = 0; i < SIZE(rows) && verdict; i++)
		if (strlen(rows[i].what) == length && !strncmp(rows[i].what, word, length))
			add_row(&rows[i], verdict);
	if (count == before)
		errx(125, "what is '%s'?", word);
}

int main(int argc, char **argv)
{
	struct sock_fprog program = { .filter = code };
	int i = 1;

	while (i < argc && strchr(argv[i], '=') && count < SIZE(code) - 16)
		refuse(argv[i++]);
	if (i == argc)
		errx(125, "no command");
	add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0);
	program.len = count;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(125, "a filter");
	execvp(argv[i], argv + i);
	err(127, "%s", argv[i]);
}
