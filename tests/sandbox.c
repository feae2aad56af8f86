/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command as containers do that nobody has asked for more: without leave for the
 * system calls that Docker's default profile refuses to who has no capability.
 *
 *	sandbox [-o] COMMAND [ARGUMENT ...]
 *
 *	-o	as profiles from before 2020, which know no call that is newer: EPERM for it
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int refused[] = {
	SYS_acct,
	SYS_add_key,
	SYS_bpf,
	SYS_clock_adjtime,
	SYS_clock_settime,
	SYS_delete_module,
	SYS_fanotify_init,
	SYS_finit_module,
	SYS_fsconfig,
	SYS_fsmount,
	SYS_fsopen,
	SYS_fspick,
	SYS_get_mempolicy,
	SYS_init_module,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_io_uring_setup,
	SYS_kcmp,
	SYS_kexec_load,
	SYS_keyctl,
	SYS_lookup_dcookie,
	SYS_mbind,
	SYS_mount,
	SYS_mount_setattr,
	SYS_move_mount,
	SYS_move_pages,
	SYS_open_by_handle_at,
	SYS_open_tree,
	SYS_perf_event_open,
	SYS_pivot_root,
	SYS_quotactl,
	SYS_reboot,
	SYS_request_key,
	SYS_set_mempolicy,
	SYS_setdomainname,
	SYS_sethostname,
	SYS_setns,
	SYS_settimeofday,
	SYS_swapoff,
	SYS_swapon,
	SYS_syslog,
	SYS_umount2,
	SYS_unshare,
	SYS_userfaultfd,
	SYS_vhangup,
};

static struct sock_filter filter[256];
static unsigned int count;

static void add(uint16_t code, uint32_t value, uint8_t yes, uint8_t no)
{
	filter[count++] = (struct sock_filter){ code, yes, no, value };
}

static void add_refusal(int nr, int error)
{
	add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1);
	add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error, 0, 0);
}

#define NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP)

#define FIRST_NEW 424 /* pidfd_send_signal(2), the first number of all CPUs: Linux 5.1 */

static void build(bool is_old)
{
	add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		add_refusal(refused[i], EPERM);
	add_refusal(SYS_clone3, ENOSYS);
	if (is_old) {
		add(BPF_JMP | BPF_JGE | BPF_K, FIRST_NEW, 0, 1);
		add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
	}
	add(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3);
	add(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args), 0, 0);
	add(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1);
	add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
	add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

int main(int argc, char *argv[])
{
	bool is_old = argc > 1 && !strcmp(argv[1], "-o");
	struct sock_fprog program = { .filter = filter };

	if (argc < 2 + is_old)
		errx(2, "usage: sandbox [-o] COMMAND [ARGUMENT ...]");
	build(is_old);
	program.len = (unsigned short)count;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(2, "the filter can't be installed");
	execvp(argv[1 + is_old], argv + 1 + is_old);
	err(127, "%s", argv[1 + is_old]);
}
