/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bad memory for every pointer argument of every call that is not simply
 * passed on: one after the other, the others good.
 */
#include "call.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

enum kind {
	END,
	VALUE, /* a number */
	TEXT,  /* a path */
	IN,    /* the call reads SIZE bytes, given as text or zeros */
	OUT,   /* the call writes up to SIZE bytes */
	BOTH,  /* a number that is read and written */
};

struct argument {
	enum kind kind;
	long value;	  /* VALUE and BOTH; the size of IN and OUT */
	const char *text; /* TEXT and IN */
};

#define V(number) \
	{ \
		VALUE, number, NULL \
	}
#define T(path) \
	{ \
		TEXT, 0, path \
	}
#define I(size) \
	{ \
		IN, size, NULL \
	}
#define O(size) \
	{ \
		OUT, size, NULL \
	}
#define B(number) \
	{ \
		BOTH, number, NULL \
	}
#define A(address) \
	{ \
		IN, sizeof(address) - 1, address \
	}
#define CWD V(AT_FDCWD)

#define UNIX_ADDRESS "\1\0/missing/socket"
/* Descriptor 0 is /dev/null, always readable: nothing waits, whatever becomes of the time given. */
#define READABLE_POLL "\0\0\0\0\1\0\0\0"
#define READABLE_SET "\1\0\0\0\0\0\0\0"

/* struct clone_args with an exit_signal that is none: makes no child. */
#define EIGHT "\0\0\0\0\0\0\0\0"
#define NO_SUCH_SIGNAL EIGHT EIGHT EIGHT EIGHT "\377\377\0\0\0\0\0\0" EIGHT EIGHT EIGHT

static int socket_fd, list_fd, epoll_fd;
#define SOCKET V(-100)
#define LIST V(-101)
#define EPOLL V(-102)

static const struct {
	const char *name;
	long number;
	struct argument arguments[6];
} calls[] = {
	{ "access", SYS_access, { T("/file"), V(R_OK) } },
	{ "faccessat2", SYS_faccessat2, { CWD, T("/file"), V(R_OK), V(0) } },
	{ "chmod", SYS_chmod, { T("/file"), V(0644) } },
	{ "stat", SYS_stat, { T("/file"), O(144) } },
	{ "lstat", SYS_lstat, { T("/link-file"), O(144) } },
	{ "fstat", SYS_fstat, { LIST, O(144) } },
	{ "newfstatat", SYS_newfstatat, { CWD, T("file"), O(144), V(0) } },
	{ "newfstatat of descriptor", SYS_newfstatat, { LIST, T(""), O(144), V(AT_EMPTY_PATH) } },
	{ "statx", SYS_statx, { CWD, T("/bound/inner"), V(0), V(0x7ff), O(256) } },
	{ "statfs", SYS_statfs, { T("/bound"), O(120) } },
	{ "readlink", SYS_readlink, { T("/link-file"), O(64), V(64) } },
	{ "readlinkat", SYS_readlinkat, { CWD, T("/proc/self/exe"), O(64), V(64) } },
	{ "getcwd", SYS_getcwd, { O(64), V(64) } },
	{ "open", SYS_open, { T("/missing"), V(O_RDONLY) } },
	{ "openat2", SYS_openat2, { CWD, T("/missing"), I(24), V(24) } },
	{ "utime", SYS_utime, { T("/empty"), I(16) } },
	{ "utimes", SYS_utimes, { T("/empty"), I(32) } },
	{ "utimensat", SYS_utimensat, { CWD, T("/empty"), I(32), V(0) } },
	{ "symlink", SYS_symlink, { T("target"), T("/missing/x") } },
	{ "rename", SYS_rename, { T("/missing/a"), T("/missing/b") } },
	{ "renameat2", SYS_renameat2, { CWD, T("/bound/a"), CWD, T("/bound/b"), V(0) } },
	{ "link", SYS_link, { T("/file"), T("/missing/b") } },
	{ "linkat", SYS_linkat, { CWD, T("/file"), CWD, T("/file"), V(0) } },
	{ "truncate", SYS_truncate, { T("/empty"), V(0) } },
	{ "mkdir", SYS_mkdir, { T("/file"), V(0755) } },
	{ "rmdir", SYS_rmdir, { T("/file") } },
	{ "unlink", SYS_unlink, { T("/missing") } },
	{ "setxattr", SYS_setxattr, { T("/empty"), T("user.f"), I(8), V(8), V(0) } },
	{ "getxattr", SYS_getxattr, { T("/file"), T("user.kept"), O(64), V(64) } },
	{ "listxattr", SYS_listxattr, { T("/file"), O(64), V(64) } },
	{ "getdents64", SYS_getdents64, { LIST, O(4096), V(4096) } },
	{ "execve", SYS_execve, { T("/missing"), I(8), I(8) } },
	{ "execve of a file", SYS_execve, { T("/file"), I(8), I(8) } },
	{ "execveat", SYS_execveat, { CWD, T("missing"), I(8), I(8), V(0) } },
	{ "bind", SYS_bind, { SOCKET, A(UNIX_ADDRESS), V(18) } },
	{ "connect", SYS_connect, { SOCKET, A(UNIX_ADDRESS), V(18) } },
	{ "sendto", SYS_sendto, { SOCKET, I(4), V(4), V(0), A(UNIX_ADDRESS), V(18) } },
	{ "sendmsg", SYS_sendmsg, { SOCKET, I(56), V(0) } },
	{ "getsockname", SYS_getsockname, { SOCKET, O(110), B(110) } },
	{ "getpeername", SYS_getpeername, { SOCKET, O(110), B(110) } },
	{ "accept", SYS_accept, { SOCKET, O(110), B(110) } },
	{ "recvfrom", SYS_recvfrom, { SOCKET, O(4), V(4), V(MSG_DONTWAIT), O(110), B(110) } },
	{ "rt_sigprocmask", SYS_rt_sigprocmask, { V(SIG_BLOCK), I(8), O(8), V(8) } },
	{ "rt_sigprocmask unblock", SYS_rt_sigprocmask, { V(SIG_UNBLOCK), I(8), O(8), V(8) } },
	{ "rt_sigprocmask wrong", SYS_rt_sigprocmask, { V(7), I(8), O(8), V(8) } },
	{ "rt_sigaction", SYS_rt_sigaction, { V(SIGUSR1), I(32), O(32), V(8) } },
	{ "rt_sigaction SIGSYS", SYS_rt_sigaction, { V(SIGSYS), I(32), O(32), V(8) } },
	{ "rt_sigaction SIGKILL", SYS_rt_sigaction, { V(SIGKILL), I(32), O(32), V(8) } },
	{ "sigaltstack", SYS_sigaltstack, { I(24), O(24) } },
	{ "rt_sigpending", SYS_rt_sigpending, { O(8), V(8) } },
	{ "ppoll", SYS_ppoll, { A(READABLE_POLL), V(1), I(16), I(8), V(8) } },
	{ "pselect6", SYS_pselect6, { V(1), A(READABLE_SET), O(8), O(8), I(16), I(16) } },
	{ "epoll_pwait", SYS_epoll_pwait, { EPOLL, O(12), V(1), V(0), I(8), V(8) } },
	{ "epoll_pwait2", SYS_epoll_pwait2, { EPOLL, O(12), V(1), I(16), I(8), V(8) } },
	{ "inotify_add_watch", SYS_inotify_add_watch, { V(-1), T("/file"), V(1) } },
	{ "chdir", SYS_chdir, { T("/") } },
	{ "chroot", SYS_chroot, { T("/missing") } },
	{ "seccomp", SYS_seccomp, { V(1), V(0), I(16) } },
	{ "accept4", SYS_accept4, { SOCKET, O(110), B(110), V(0) } },
	{ "recvmsg", SYS_recvmsg, { SOCKET, I(56), V(MSG_DONTWAIT) } },
	{ "sendmmsg", SYS_sendmmsg, { SOCKET, I(64), V(1), V(0) } },
	{ "recvmmsg", SYS_recvmmsg, { SOCKET, I(64), V(1), V(MSG_DONTWAIT), I(16) } },
	{ "getsockopt", SYS_getsockopt, { SOCKET, V(SOL_SOCKET), V(28 /* SO_PEERNAME */), O(110), B(110) } },
	{ "chown", SYS_chown, { T("/file"), V(-1), V(-1) } },
	{ "lchown", SYS_lchown, { T("/file"), V(-1), V(-1) } },
	{ "fchownat", SYS_fchownat, { CWD, T("file"), V(-1), V(-1), V(0) } },
	{ "creat", SYS_creat, { T("/missing/x"), V(0600) } },
	{ "openat", SYS_openat, { CWD, T("missing/x"), V(O_RDONLY) } },
	{ "faccessat", SYS_faccessat, { CWD, T("file"), V(R_OK) } },
	{ "fchmodat", SYS_fchmodat, { CWD, T("file"), V(0644) } },
	{ "fchmodat2", SYS_fchmodat2, { CWD, T("file"), V(0644), V(0) } },
	{ "futimesat", SYS_futimesat, { CWD, T("empty"), I(32) } },
	{ "mkdirat", SYS_mkdirat, { CWD, T("file"), V(0755) } },
	{ "mknod", SYS_mknod, { T("/file"), V(S_IFREG), V(0) } },
	{ "mknodat", SYS_mknodat, { CWD, T("bound/inner"), V(S_IFREG), V(0) } },
	{ "renameat", SYS_renameat, { CWD, T("missing/a"), LIST, T("../missing/b") } },
	{ "symlinkat", SYS_symlinkat, { T("target"), LIST, T("../../missing/x") } },
	{ "unlinkat", SYS_unlinkat, { LIST, T("../missing"), V(0) } },
	{ "getdents", SYS_getdents, { LIST, O(4096), V(4096) } },
	{ "lsetxattr", SYS_lsetxattr, { T("/empty"), T("user.f"), I(8), V(8), V(0) } },
	{ "lgetxattr", SYS_lgetxattr, { T("/file"), T("user.kept"), O(64), V(64) } },
	{ "llistxattr", SYS_llistxattr, { T("/file"), O(64), V(64) } },
	{ "removexattr", SYS_removexattr, { T("/file"), T("user.none") } },
	{ "lremovexattr", SYS_lremovexattr, { T("/file"), T("user.none") } },
	{ "setxattrat", SYS_setxattrat, { CWD, T("empty"), V(0), T("user.f"), I(16), V(16) } },
	{ "getxattrat", SYS_getxattrat, { CWD, T("file"), V(0), T("user.kept"), I(16), V(16) } },
	{ "listxattrat", SYS_listxattrat, { CWD, T("file"), V(0), O(64), V(64) } },
	{ "removexattrat", SYS_removexattrat, { CWD, T("file"), V(0), T("user.none") } },
	{ "file_getattr", SYS_file_getattr, { CWD, T("missing"), O(24), V(24), V(0) } },
	{ "file_setattr", SYS_file_setattr, { CWD, T("missing"), I(24), V(24), V(0) } },
	{ "name_to_handle_at", SYS_name_to_handle_at, { CWD, T("file"), I(136), O(4), V(0) } },
	{ "fanotify_mark", SYS_fanotify_mark, { V(-1), V(1), V(1), CWD, T("file") } },
	{ "io_pgetevents", SYS_io_pgetevents, { V(0), V(0), V(1), O(32), I(16), I(16) } },
	{ "landlock_add_rule", SYS_landlock_add_rule, { V(-1), V(1), I(12), V(0) } },
	{ "clone3", SYS_clone3, { A(NO_SUCH_SIGNAL), V(64) } },
	{ "prctl seccomp", SYS_prctl, { V(PR_SET_SECCOMP), V(2), I(16) } },
};

static long number_of(long value)
{
	return value == -100 ? socket_fd : value == -101 ? list_fd : value == -102 ? epoll_fd : value;
}

/* Good memory for ARGUMENT, its last byte the last of a page. */
static long good(const struct argument *argument)
{
	size_t size = argument->kind == TEXT ? strlen(argument->text) + 1 :
		      argument->kind == BOTH ? sizeof(int) :
					       (size_t)argument->value;
	char *memory;

	if (argument->kind == VALUE || argument->kind == END)
		return number_of(argument->value);
	memory = page_end(size);
	memset(memory, 0, size);
	if (argument->text)
		memcpy(memory, argument->text, size);
	if (argument->kind == BOTH)
		*(int *)memory = (int)argument->value;
	return (long)memory;
}

enum badness { NONE, NULL_POINTER, LOW, HOLE, KERNEL, HIGHEST, CUT, CANT_WRITE, BADNESSES };

static const char *const badness_names[] = { "good", "NULL", "low", "hole", "kernel", "highest", "cut", "read only" };

static long bad(const struct argument *argument, enum badness badness)
{
	size_t size = argument->kind == TEXT ? strlen(argument->text) : (size_t)argument->value / 2;

	switch (badness) {
	case NULL_POINTER:
		return 0;
	case LOW:
		return 24;
	case HOLE:
		return (long)no_memory();
	case KERNEL:
		return (long)0xffff888000001000;
	case HIGHEST:
		return -3;
	case CUT:
		if (argument->kind == BOTH)
			return (long)page_end(2);
		if (argument->text)
			return (long)memcpy(page_end(size), argument->text, size);
		return (long)memset(page_end(size), 0, size);
	case CANT_WRITE:
		return (long)read_only_page();
	default:
		return good(argument);
	}
}

static void run(size_t index, unsigned int which, enum badness badness)
{
	const struct argument *arguments = calls[index].arguments;
	long values[6], result;
	struct stat status;
	char data[5];

	for (unsigned int i = 0; i < 6; i++)
		values[i] = i == which ? bad(&arguments[i], badness) : good(&arguments[i]);
	lseek(list_fd, 0, SEEK_SET);
	result = syscall(calls[index].number, values[0], values[1], values[2], values[3], values[4], values[5]);
	result = result == -1 ? -errno : result;
	say("%s argument %u %s = %s\n", calls[index].name, which, badness_names[badness], show(result));
	/* How much is listed is the file system's affair. */
	if (result > 0 && calls[index].number == SYS_open)
		close((int)result);
	MUST(!stat("/", &status));
	(void)data;
}

/* What the guest does with SIGSEGV must not matter: none is raised. */
static void on_fault(int signal)
{
	(void)signal;
	say("a handler was called\n");
	_exit(1);
}

static void run_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		run(i, 6, NONE);
		for (unsigned int which = 0; which < 6; which++) {
			enum kind kind = calls[i].arguments[which].kind;

			if (kind == VALUE || kind == END)
				continue;
			for (enum badness badness = NULL_POINTER; badness < BADNESSES; badness++)
				if (badness != CANT_WRITE || kind == OUT || kind == BOTH)
					run(i, which, badness);
		}
	}
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_fault };
	sigset_t set;

	socket_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	list_fd = open("/dir/sub", O_RDONLY | O_DIRECTORY);
	epoll_fd = epoll_create1(0);
	MUST(!epoll_ctl(epoll_fd, EPOLL_CTL_ADD, eventfd(1, 0), &(struct epoll_event){ .events = EPOLLIN }));
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	run_all();
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	say("with handlers\n");
	run_all();
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	say("with all signals blocked\n");
	run_all();
	return 0;
}
