/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The handlers of calls.def, by family. Each is one function from call to
 * result: it returns what the guest's call returns, or CALL_RESUME.
 */
#ifndef AGENT_HANDLERS_H
#define AGENT_HANDLERS_H

#include "agent/calls.h"

#define CALL_RESUME (-0x7fffffffffffffff)
/* Of a slot_finish: nothing has happened yet that the guest is to know; its site makes the call again. */
#define CALL_ANEW (-0x7ffffffffffffffe)

/* Hidden: addresses known when linking. */
#pragma GCC visibility push(hidden)

/* path.c */
call_handler handle_paths, handle_statfs, handle_name_to_handle, handle_stat, handle_fstat, handle_readlink,
	handle_chdir, handle_unshare;
/* attributes.c */
call_handler handle_access, handle_chmod, handle_chown, handle_utimes, handle_make;
/* xattr.c */
call_handler handle_xattr;
/* mounts.c */
call_handler handle_fchdir;
/* root.c */
call_handler handle_chroot, handle_getcwd;
/* marks.c */
call_handler handle_fanotify_mark, handle_landlock_rule;
/* outside.c */
call_handler handle_setns, handle_perf_event_open, handle_open_tree;
/* open.c */
call_handler handle_open, handle_openat2;
/* entries.c */
call_handler handle_remove, handle_rename, handle_link, handle_truncate;
/* directory.c */
call_handler handle_getdents;
/* exec.c */
call_handler handle_execve;
/* clone.c */
call_handler handle_clone3;
/* socket.c */
call_handler handle_connect, handle_sendto, handle_sendmsg, handle_accept, handle_socket_name, handle_getsockopt,
	handle_socket, handle_recvfrom, handle_recvmsg;
/* socket_bind.c */
call_handler handle_bind;
/* socket_many.c */
call_handler handle_sendmmsg, handle_recvmmsg;
/* mask.c */
call_handler handle_sigprocmask, handle_sigsuspend, handle_ppoll, handle_pselect6, handle_epoll_pwait,
	handle_io_pgetevents;
/* signal.c */
call_handler handle_sigaction, handle_sigreturn, handle_sigaltstack;
/* seccomp.c */
call_handler handle_prctl, handle_seccomp;
/* seal.c */
call_handler handle_madvise;
/* notify.c */
call_handler handle_ioctl;
/* mounting.c */
call_handler handle_mount, handle_umount;
/* kernel.c */
call_handler handle_uname, handle_set_name;
/* credentials.c */
call_handler handle_get_id, handle_get_three_ids, handle_getgroups, handle_set_ids, handle_setgroups, handle_capget,
	handle_capset;
/* kill.c */
call_handler handle_signal, handle_pidfd_signal;
/* sysv_shm.c */
call_handler handle_shmget, handle_shmat, handle_shmdt, handle_shmctl;
/* sysv_sem.c */
call_handler handle_semget, handle_semop, handle_semctl;
/* sysv_msg.c */
call_handler handle_msgget, handle_msgsnd, handle_msgrcv, handle_msgctl;

/* trace.c */
call_handler handle_ptrace, handle_wait4, handle_waitid;

/* sender.c */
call_handler handle_sigtimedwait;

#pragma GCC visibility pop

static inline bool call_opens(const struct call_row *row)
{
	return row->handler == handle_open || row->handler == handle_openat2;
}

#endif
