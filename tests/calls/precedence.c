/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which error comes first: calls with several wrong arguments at once, by
 * chance, but by the same at each run. What must stay as it is for that is
 * a mount point, or out of reach.
 */
#include "chance.h"
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <sys/xattr.h>

#define ROUNDS 600
#define CALLS_A_ROUND 24

/* Kinds of arguments. */
enum kind {
	NOTHING,
	DIRECTORY_FD,
	ANY_PATH, /* of what is only looked at */
	OWN_PATH, /* of what may be changed */
	OPEN_FLAGS,
	OPEN_MODE,
	AT_FLAGS,
	MODE,
	MAKE_MODE,
	DEVICE,
	ACCESS_MODE,
	OWNER,
	BUFFER,
	SIZE,
	LENGTH,
	TIMES,
	OLD_TIMES,
	NAME,
	VALUE,
	VALUE_SIZE,
	XATTR_FLAGS,
	RENAME_FLAGS,
	STATX_MASK,
	HOW,
	HOW_SIZE,
	TEXT,
	HANDLE,
	HANDLE_SIZE_PLACE,
	INOTIFY_FD,
	INOTIFY_MASK,
	ARGUMENTS,
};

struct form {
	const char *name;
	long number;
	enum kind arguments[6];
};

#define FORM(name, ...) \
	{ \
#name, SYS_##name, \
		{ \
			__VA_ARGS__ \
		} \
	}

static const struct form forms[] = {
	FORM(access, ANY_PATH, ACCESS_MODE),
	FORM(faccessat, DIRECTORY_FD, ANY_PATH, ACCESS_MODE),
	FORM(faccessat2, DIRECTORY_FD, ANY_PATH, ACCESS_MODE, AT_FLAGS),
	FORM(stat, ANY_PATH, BUFFER),
	FORM(lstat, ANY_PATH, BUFFER),
	FORM(newfstatat, DIRECTORY_FD, ANY_PATH, BUFFER, AT_FLAGS),
	FORM(statx, DIRECTORY_FD, ANY_PATH, AT_FLAGS, STATX_MASK, BUFFER),
	FORM(statfs, ANY_PATH, BUFFER),
	FORM(readlink, ANY_PATH, BUFFER, SIZE),
	FORM(readlinkat, DIRECTORY_FD, ANY_PATH, BUFFER, SIZE),
	FORM(open, OWN_PATH, OPEN_FLAGS, OPEN_MODE),
	FORM(openat, DIRECTORY_FD, OWN_PATH, OPEN_FLAGS, OPEN_MODE),
	FORM(openat2, DIRECTORY_FD, OWN_PATH, HOW, HOW_SIZE),
	FORM(creat, OWN_PATH, OPEN_MODE),
	FORM(chmod, OWN_PATH, MODE),
	FORM(fchmodat, DIRECTORY_FD, OWN_PATH, MODE),
	FORM(fchmodat2, DIRECTORY_FD, OWN_PATH, MODE, AT_FLAGS),
	FORM(chown, OWN_PATH, OWNER, OWNER),
	FORM(lchown, OWN_PATH, OWNER, OWNER),
	FORM(fchownat, DIRECTORY_FD, OWN_PATH, OWNER, OWNER, AT_FLAGS),
	FORM(utime, OWN_PATH, OLD_TIMES),
	FORM(utimes, OWN_PATH, OLD_TIMES),
	FORM(futimesat, DIRECTORY_FD, OWN_PATH, OLD_TIMES),
	FORM(utimensat, DIRECTORY_FD, OWN_PATH, TIMES, AT_FLAGS),
	FORM(truncate, OWN_PATH, LENGTH),
	FORM(mkdir, OWN_PATH, MODE),
	FORM(mkdirat, DIRECTORY_FD, OWN_PATH, MODE),
	FORM(mknod, OWN_PATH, MAKE_MODE, DEVICE),
	FORM(mknodat, DIRECTORY_FD, OWN_PATH, MAKE_MODE, DEVICE),
	FORM(symlink, TEXT, OWN_PATH),
	FORM(symlinkat, TEXT, DIRECTORY_FD, OWN_PATH),
	FORM(link, OWN_PATH, OWN_PATH),
	FORM(linkat, DIRECTORY_FD, OWN_PATH, DIRECTORY_FD, OWN_PATH, AT_FLAGS),
	FORM(rename, OWN_PATH, OWN_PATH),
	FORM(renameat, DIRECTORY_FD, OWN_PATH, DIRECTORY_FD, OWN_PATH),
	FORM(renameat2, DIRECTORY_FD, OWN_PATH, DIRECTORY_FD, OWN_PATH, RENAME_FLAGS),
	FORM(unlink, OWN_PATH),
	FORM(unlinkat, DIRECTORY_FD, OWN_PATH, AT_FLAGS),
	FORM(rmdir, OWN_PATH),
	FORM(setxattr, OWN_PATH, NAME, VALUE, VALUE_SIZE, XATTR_FLAGS),
	FORM(lsetxattr, OWN_PATH, NAME, VALUE, VALUE_SIZE, XATTR_FLAGS),
	FORM(getxattr, ANY_PATH, NAME, BUFFER, VALUE_SIZE),
	FORM(lgetxattr, ANY_PATH, NAME, BUFFER, VALUE_SIZE),
	FORM(listxattr, ANY_PATH, BUFFER, VALUE_SIZE),
	FORM(llistxattr, ANY_PATH, BUFFER, VALUE_SIZE),
	FORM(removexattr, OWN_PATH, NAME),
	FORM(lremovexattr, OWN_PATH, NAME),
	FORM(name_to_handle_at, DIRECTORY_FD, ANY_PATH, HANDLE, HANDLE_SIZE_PLACE, AT_FLAGS),
	FORM(inotify_add_watch, INOTIFY_FD, ANY_PATH, INOTIFY_MASK),
	FORM(chdir, ANY_PATH),
	FORM(chroot, ANY_PATH),
	FORM(execve, ANY_PATH, ARGUMENTS, ARGUMENTS),
	FORM(execveat, DIRECTORY_FD, ANY_PATH, ARGUMENTS, ARGUMENTS, AT_FLAGS),
};

static int directories[12];
static const char *const directory_names[] = { "CWD",	 "CWD",	 "CWD",	   "own",  "sub", "/dir",
					       "/bound", "FILE", "O_PATH", "LINK", "-1",  "1000" };
static int watches;
static char name_255[256], name_256[257], path_4095[4096], path_4096[4097], name_256_in[300];
static char buffer[8192];

static struct choice path_of(const char *const *list, unsigned int count)
{
	unsigned int number = pick(count + 9);

	switch (number - count) {
	case 0:
		return (struct choice){ 0, "NULL" };
	case 1:
		return (struct choice){ (long)no_memory(), "HOLE" };
	case 2:
		return (struct choice){ -8, "KERNEL" };
	case 3:
		return (struct choice){ (long)name_255, "255" };
	case 4:
		return (struct choice){ (long)name_256, "256" };
	case 5:
		return (struct choice){ (long)name_256_in, "sub/256/x" };
	case 6:
		return (struct choice){ (long)path_4095, "4095" };
	case 7:
		return (struct choice){ (long)path_4096, "4096" };
	case 8:
		return (struct choice){ (long)"", "\"\"" };
	default:
		return (struct choice){ (long)list[number], list[number] };
	}
}

static const char *const own_paths[] = {
	"file",
	"file/",
	"file/x",
	"sub",
	"sub/",
	"sub/.",
	"sub/..",
	"sub/file",
	"sub/file/",
	"sub/missing/x",
	"missing",
	"missing/",
	"missing/x",
	"link",
	"link/",
	"dangling",
	"dangling/",
	"loop",
	"loop/",
	"loop/x",
	"dirlink",
	"dirlink/",
	"dirlink/file",
	"dirlink/new",
	"closed",
	"closed/x",
	"closed/",
	".",
	"..",
	"./",
	"../",
	"new",
	"new/",
	"sub/new",
	"other",
	"other/",
	"other/in",
	"fifo",
	"fifo/",
	"/bound",
	"/bound/",
	"/bound/.",
	"/bound-file",
	"/bound-file/",
	"/bound-file/x",
	"/dir/mount",
	"/dir/mount/",
	"/dir/mount/..",
	"/loop",
	"/loop/x",
	"/bound/missing/x",
	"/missing/x",
	"/link-bound",
	"/link-bound/",
	"/link-mount/",
	"/",
	"//",
	"/..",
	"/proc/self/fd/1000",
	"/proc/missing",
	"/proc/self/missing",
};

static const char *const any_paths[] = {
	"file",
	"file/",
	"file/x",
	"sub",
	"sub/",
	"sub/.",
	"sub/..",
	"sub/file/",
	"missing",
	"missing/",
	"missing/x",
	"link",
	"link/",
	"dangling",
	"dangling/",
	"loop",
	"loop/",
	"loop/x",
	"dirlink",
	"dirlink/",
	"closed",
	"closed/x",
	".",
	"..",
	"fifo",
	"/",
	"/file",
	"/file/",
	"/file/x",
	"/dir",
	"/dir/",
	"/missing",
	"/missing/x",
	"/loop",
	"/link-bound",
	"/link-bound/",
	"/bound",
	"/bound/",
	"/bound/inner",
	"/bound/inner/",
	"/bound/missing",
	"/bound-file",
	"/bound-file/",
	"/dir/mount",
	"/dir/mount/..",
	"/link-mount",
	"/link-mount/",
	"/unreadable",
	"/closed/file",
	"/hidden",
	"/hidden/file",
	"/proc/self",
	"/proc/self/",
	"/proc/self/fd/1000",
	"/proc/missing",
	"/socket",
	"/proc/self/cwd/file",
	"/proc/self/cwd/",
	"/chain40",
	"/chain41",
};

static struct choice choose_times(void)
{
	static struct timespec times[][2] = {
		{ { 5, 6 }, { 7, 8 } },
		{ { 5, UTIME_OMIT }, { 7, UTIME_OMIT } },
		{ { 5, UTIME_NOW }, { 7, UTIME_OMIT } },
		{ { 5, UTIME_NOW }, { 7, UTIME_NOW } },
		{ { 5, 1000000000 }, { 7, 8 } },
		{ { 5, -1 }, { 7, UTIME_OMIT } },
	};
	static const char *const names[] = { "times", "OMIT", "NOW+OMIT", "NOW", "10^9", "-1" };
	unsigned int number = pick(ARRAY_SIZE(times));

	return memory(times[number], names[number]);
}

static struct choice choose_how(void)
{
	static struct open_how how;
	static char text[80];

	how.flags = (unsigned long)NUMBER(
			    ((const long[]){ O_RDONLY | O_NONBLOCK, O_PATH, O_PATH | O_NOFOLLOW,
					     O_RDWR | O_CREAT | O_NONBLOCK, O_DIRECTORY | O_CREAT, O_TMPFILE | O_RDWR,
					     O_DIRECTORY, 0x80000000l | O_NONBLOCK, 1l << 40, O_PATH | O_RDWR | O_CREAT,
					     O_CREAT | O_EXCL | O_NONBLOCK | O_WRONLY }))
			    .value;
	how.mode = (unsigned long)NUMBER(((const long[]){ 0, 0, 0644, 07777, 010000 })).value;
	how.resolve =
		(unsigned long)NUMBER(((const long[]){ 0, 0, 0, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS,
						       RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS,
						       RESOLVE_BENEATH | RESOLVE_IN_ROOT, 0x100, 1l << 40 }))
			.value;
	snprintf(text, sizeof(text), "{%#llx %#llo %#llx}", how.flags, how.mode, how.resolve);
	return memory(&how, text);
}

static struct choice choose_handle(void)
{
	static struct {
		struct file_handle head;
		char room[MAX_HANDLE_SZ];
	} handle;
	static char text[20];

	handle.head.handle_bytes =
		(unsigned int)NUMBER(((const long[]){ 0, 4, MAX_HANDLE_SZ, MAX_HANDLE_SZ + 1, -1 })).value;
	snprintf(text, sizeof(text), "{%u}", handle.head.handle_bytes);
	return memory(&handle, text);
}

static struct choice choose_name(void)
{
	static const char *const names[] = { "user.a",	  "user.b",	"user.",
					     "user",	  "",		"nothing.a",
					     "trusted.a", "security.a", "system.posix_acl_access",
					     "system.a",  name_255,	name_256 };
	const char *name = PICK(names);

	return memory((void *)name, *name == 'n' && strlen(name) > 200 ? "LONG" : name);
}

static struct choice choose_arguments(void)
{
	static char *none[] = { NULL };
	static char *bad[] = { "a", (char *)8, NULL };

	return memory(pick(4) ? bad : none, "list");
}

static struct choice choose_directory(void)
{
	unsigned int number = pick(ARRAY_SIZE(directories));

	return (struct choice){ directories[number], directory_names[number] };
}

static struct choice choose_text(void)
{
	static const char *const texts[] = { "file", "", "/x", "new" };

	return path_of(texts, ARRAY_SIZE(texts));
}

static struct choice choose(enum kind kind)
{
	static int place;

	switch (kind) {
	case DIRECTORY_FD:
		return choose_directory();
	case ANY_PATH:
		return path_of(any_paths, ARRAY_SIZE(any_paths));
	case OWN_PATH:
		return path_of(own_paths, ARRAY_SIZE(own_paths));
	case OPEN_FLAGS:
		return NUMBER(((const long[]){ O_RDONLY | O_NONBLOCK,
					       O_RDWR | O_NONBLOCK,
					       O_PATH,
					       O_PATH | O_NOFOLLOW,
					       O_NOFOLLOW | O_NONBLOCK,
					       O_WRONLY | O_CREAT | O_NONBLOCK,
					       O_CREAT | O_EXCL | O_RDWR,
					       O_CREAT | O_DIRECTORY | O_NONBLOCK,
					       O_DIRECTORY,
					       O_DIRECTORY | O_RDWR,
					       O_TMPFILE | O_RDWR,
					       O_TMPFILE,
					       O_TRUNC | O_WRONLY | O_NONBLOCK,
					       O_ACCMODE | O_NONBLOCK,
					       0x80000000l | O_NONBLOCK,
					       O_CREAT | O_NOFOLLOW | O_NONBLOCK,
					       O_DIRECT | O_NONBLOCK,
					       O_NOATIME | O_NONBLOCK,
					       O_PATH | O_CREAT | O_EXCL,
					       -1 }));
	case OPEN_MODE:
		return NUMBER(((const long[]){ 0600, 0644, 0777, 07777, 0170644, 0 }));
	case AT_FLAGS:
		return NUMBER(((const long[]){ 0, 0, AT_SYMLINK_NOFOLLOW, AT_SYMLINK_FOLLOW, AT_REMOVEDIR,
					       AT_EMPTY_PATH, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT,
					       0x6000, 0x2000, 0x10000000, -1 }));
	case MODE:
		return NUMBER(((const long[]){ 0, 0755, 0700, 01777, 02755, 0170755, -1 }));
	case MAKE_MODE:
		return NUMBER(((const long[]){ 0644, S_IFREG | 0600, S_IFIFO | 0644, S_IFCHR | 0600, S_IFBLK,
					       S_IFSOCK | 0700, S_IFDIR | 0700, S_IFLNK, 0170000, 030000, -1 }));
	case DEVICE:
		return NUMBER(((const long[]){ 0, 0, 0x103, -1 }));
	case ACCESS_MODE:
		return NUMBER(((const long[]){ F_OK, R_OK, W_OK, X_OK, R_OK | W_OK | X_OK, 8, -1 }));
	case OWNER:
		return NUMBER(((const long[]){ -1, -1, -1, 1, 0x100000000 }));
	case SIZE:
		return NUMBER(((const long[]){ 0, 1, 100, 4096, -1, 0x80000000l, 0x100000001l }));
	case LENGTH:
		return NUMBER(((const long[]){ 0, 1, 100, -1, LONG_MIN, LONG_MAX }));
	case TIMES:
		return choose_times();
	case OLD_TIMES: {
		static long good[] = { 5, 6, 7, 8 }, bad[] = { 5, 1000000, 7, -1 };

		return pick(3) ? memory(good, "times") : memory(bad, "10^6");
	}
	case NAME:
		return choose_name();
	case BUFFER:
	case VALUE:
		return memory(buffer, "buffer");
	case VALUE_SIZE:
		return NUMBER(((const long[]){ 0, 1, 64, 4096, 65536, 65537, -1 }));
	case XATTR_FLAGS:
		return NUMBER(((const long[]){ 0, 0, XATTR_CREATE, XATTR_REPLACE, 3, 4, -1 }));
	case RENAME_FLAGS:
		return NUMBER(((const long[]){ 0, 0, 1, 2, 3, 4, 5, 6, 8, -1 }));
	case STATX_MASK:
		return NUMBER(((const long[]){ 0x7ff, 0, 0xfff, 0x80000000l, -1 }));
	case HOW:
		return choose_how();
	case HOW_SIZE:
		return NUMBER(((const long[]){ 24, 24, 24, 24, 0, 23, 32, 4096, 4097, -1 }));
	case TEXT:
		return choose_text();
	case HANDLE:
		return choose_handle();
	case HANDLE_SIZE_PLACE:
		return memory(&place, "place");
	case INOTIFY_FD:
		return pick(4) ? (struct choice){ watches, "WATCHES" } : choose_directory();
	case INOTIFY_MASK:
		return NUMBER(((const long[]){ IN_OPEN, IN_ONLYDIR | IN_OPEN, IN_DONT_FOLLOW | IN_OPEN, 0,
					       IN_MASK_CREATE | IN_MASK_ADD | IN_OPEN, 0x08000000,
					       IN_MASK_CREATE | IN_OPEN, -1 }));
	case ARGUMENTS:
		return choose_arguments();
	default:
		return (struct choice){ 0, NULL };
	}
}

/* What a success left that the next call must not meet. */
static void tidy(const struct form *form, long result)
{
	if (result < 0)
		return;
	/* In a root of its own that the next call removes: a name only, to proot. */
	if (form->number == SYS_chroot)
		_exit(0);
	if (form->number == SYS_inotify_add_watch)
		syscall(SYS_inotify_rm_watch, watches, result);
	if (strstr(form->name, "open") || form->number == SYS_creat)
		close((int)result);
}

/* A number that means the same on both sides: no descriptor. */
static bool is_result_said(const struct form *form)
{
	return !strstr(form->name, "open") && form->number != SYS_creat && form->number != SYS_inotify_add_watch;
}

static void call_one(const struct form *form)
{
	struct choice arguments[6] = { 0 };
	char line[512];
	int length = snprintf(line, sizeof(line), "%s(", form->name);
	long result;

	for (int i = 0; i < 6 && form->arguments[i]; i++) {
		arguments[i] = choose(form->arguments[i]);
		length += snprintf(line + length, sizeof(line) - (size_t)length, "%s%s", i ? ", " : "",
				   arguments[i].text);
	}
	result = CALL(form->number, arguments[0].value, arguments[1].value, arguments[2].value, arguments[3].value,
		      arguments[4].value, arguments[5].value);
	say("%s) = %s\n", line, is_result_said(form) ? show(result) : show_success(result));
	tidy(form, result);
}

static void make_file(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY, 0644);

	MUST(fd >= 0);
	close(fd);
}

/* A directory of the round's own, and in it what calls change. */
static void prepare(int round)
{
	char name[32];

	snprintf(name, sizeof(name), "/tmp/round%d", round);
	MUST(!mkdir(name, 0755) && !chdir(name) && !mkdir("own", 0755) && !chdir("own") && !mkdir("sub", 0755));
	MUST(!mkdir("other", 0755) && !mkdir("closed", 0) && !symlink("file", "link") &&
	     !symlink("nowhere", "dangling"));
	MUST(!symlink("loop", "loop") && !symlink("sub", "dirlink") && !mkfifo("fifo", 0644));
	make_file("file");
	make_file("sub/file");
	make_file("other/in");
	directories[3] = open(".", O_RDONLY);
	directories[4] = open("sub", O_PATH);
	directories[7] = open("file", O_RDWR);
	directories[8] = open("file", O_PATH);
	directories[9] = open("link", O_PATH | O_NOFOLLOW);
}

/* What all rounds share may be looked at again. */
static void forget(void)
{
	static const int own[] = { 3, 4, 7, 8, 9 };
	static const char *const shared[] = { "/", "/bound", "/dir/mount", "/dir", "/tmp" };

	for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
		chmod(shared[i], 0777);

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		close(directories[own[i]]);
}

static void nothing(int signal)
{
	(void)signal;
}

/* Who opens a fifo without O_NONBLOCK waits: EINTR. */
static void wake_often(void)
{
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };

	MUST(!sigaction(SIGALRM, &(struct sigaction){ .sa_handler = nothing }, NULL));
	MUST(!setitimer(ITIMER_REAL, &often, NULL));
}

/* A program or a root of its own is a child's affair. */
static void run_round(void)
{
	wake_often();
	for (int i = 0; i < CALLS_A_ROUND; i++)
		call_one(&PICK(forms));
}

static void fill(void)
{
	memset(name_255, 'n', 255);
	memset(name_256, 'n', 256);
	strcpy(name_256_in, "sub/");
	strcat(name_256_in, name_256);
	strcat(name_256_in, "/x");
	memset(path_4095, '/', 4095);
	memcpy(path_4095 + 4091, "file", 4);
	memset(path_4096, '/', 4096);
}

int main(void)
{
	umask(022);
	fill();
	watches = inotify_init1(IN_NONBLOCK);
	for (int i = 0; i < 3; i++)
		directories[i] = AT_FDCWD;
	directories[5] = open("/dir", O_RDONLY);
	directories[6] = open("/bound", O_PATH);
	directories[10] = -1;
	directories[11] = 1000;
	for (int round = 0; round < ROUNDS; round++) {
		say("round %d\n", round);
		chance = (unsigned long)round + 1;
		pick(2);
		pick(2);
		prepare(round);
		in_child(run_round);
		MUST(!chdir("/"));
		forget();
	}
	return 0;
}
