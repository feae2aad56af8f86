/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * execve: everything the kernel would check is checked here, then the kernel
 * executes the image again, which loads the program it finds in its state.
 */
#include "agent/access.h"
#include "agent/child.h"
#include "agent/dispatch.h"
#include "agent/elevate.h"
#include "agent/filters.h"
#include "agent/guest_memory.h"
#include "agent/identity.h"
#include "agent/handlers.h"
#include "agent/host_program.h"
#include "agent/interpreter.h"
#include "agent/log.h"
#include "agent/mounts.h"
#include "agent/privileges.h"
#include "agent/proc.h"
#include "agent/program.h"
#include "agent/room.h"
#include "agent/root.h"
#include "agent/signal.h"
#include "agent/trace.h"
#include "agent/translate.h"
#include "base/text.h"
#include "image/plan.h"
#include "image/state.h"
#include <asm/fcntl.h>
#include <linux/mman.h>
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/stat.h>
#include <linux/time.h>

#ifndef AT_EXECVE_CHECK
#define AT_EXECVE_CHECK 0x10000 /* Linux 6.14 */
#endif
#define ACCESS_EXECUTE 1 /* X_OK */

/* What execve and execveat are asked for. */
struct request {
	struct call *call;
	int directory;
	unsigned long flags;
	unsigned long argv;
	unsigned long envp;
	char *file_name;	  /* as the new program will be told: AT_EXECFN */
	char *interpreter;	  /* where no descriptor is free: the ELF interpreter's canonical guest path; or NULL */
	const char *foreign_path; /* for the emulator */
	const char *credentials;  /* of the new program, as text */
	bool is_secure;		  /* it has got more than we have */
	bool is_by_descriptor;	  /* execveat of an empty path */
	bool is_by_process;	  /* by a link that the kernel alone can follow, in /proc */
	bool is_first;		  /* the next file opened is the one the guest named */
};

/* Whose writing makes a file ETXTBSY: who has it open, or who has changed it a short while ago. */
enum writers { WRITERS_ALL, WRITERS_BUSY };

#define SETTLED_AFTER 10 /* seconds */

/* Whether FILE was not changed for a while, so that hardly anybody is writing it. */
static bool is_settled(const struct stat *file)
{
	struct timespec now;

	return !GATE_2(NR_clock_gettime, CLOCK_REALTIME_COARSE, &now) &&
	       now.tv_sec - (long)file->st_ctime > SETTLED_AFTER;
}

/* Before Linux 6.8 the kernel looks at the arguments first, and says nothing of a flag it does not know. */
static bool kernel_can_check(void)
{
	static int can; /* 0: not yet known; of a directory -EACCES or -EFAULT */

	if (!can)
		can = (int)GATE_5(NR_execveat, AT_FDCWD, "/", BAD_ADDRESS, NULL, AT_EXECVE_CHECK);
	return can == -EACCES;
}

/*
 * 0 for a regular file that may be executed. The kernel looks at the arguments
 * behind the file: that they can't be read says that it may, and saves the half
 * of the kernel's work that prepares them. FILE gets what it is.
 */
static long check_executable(int directory, const char *host_path, unsigned long flags, enum writers writers,
			     struct stat *file)
{
	long status = GATE_4(NR_newfstatat, directory, host_path, file, flags);

	if (status)
		return status;
	if ((file->st_mode & S_IFMT) == S_IFLNK)
		return -ELOOP;
	if ((file->st_mode & S_IFMT) != S_IFREG)
		return -EACCES;
	/* The kernel's own answer, which knows of noexec mounts and of writers (ETXTBSY); Linux 6.14. */
	status = -EINVAL;
	if ((writers == WRITERS_ALL || !is_settled(file)) && kernel_can_check())
		status = GATE_5(NR_execveat, directory, host_path, BAD_ADDRESS, NULL, flags | AT_EXECVE_CHECK);
	if (status == -EFAULT)
		return 0;
	if (status == -EINVAL)
		status = GATE_4(NR_faccessat2, directory, host_path, ACCESS_EXECUTE, AT_EACCESS | flags);
	if (status == -ENOSYS)
		status = GATE_3(NR_faccessat, directory, host_path, ACCESS_EXECUTE);
	return status;
}

/* The same, where the guest's user may not be the one the kernel knows. */
static long check_permitted(int directory, const char *host_path, unsigned long flags, enum writers writers,
			    struct stat *file)
{
	long status = check_executable(directory, host_path, flags, writers, file);

	if (!identity_is_on() || (status && status != -EACCES && status != -ETXTBSY) ||
	    access_kind(NULL) == ACCESS_KERNEL)
		return status;
	return access_check_executable(directory, host_path, flags, status);
}

/* That, open for reading; not close-on-exec: the new image reads it. */
static long open_executable(int directory, const char *host_path, unsigned long flags)
{
	struct stat file;
	long status = check_permitted(directory, host_path, flags, WRITERS_ALL, &file);

	return status ? status : GATE_4(NR_openat, directory, host_path, O_RDONLY, 0);
}

static long open_by_descriptor(int fd)
{
	struct text path;
	char name[48];
	long opened;

	text_init(&path, name, sizeof(name));
	text_add(&path, PROC_DESCRIPTORS);
	text_add_number(&path, fd);
	opened = GATE_4(NR_openat, AT_FDCWD, name, O_RDONLY, 0);
	return opened == -EACCES && identity_is_on() ? access_read_anyway(fd) : opened;
}

/*
 * The file that the descriptor PIN is of, by HOST_PATH, if that leads there
 * still: in a new process the way through /proc takes five times as long.
 */
static long open_again(int pin, const struct stat *pinned, const char *host_path)
{
	static const struct open_how how = { .flags = O_RDONLY | O_LARGEFILE | O_NONBLOCK | O_NOCTTY,
					     .resolve = RESOLVE_NO_SYMLINKS };
	struct stat opened;
	long fd;

	if (host_path[0] != '/')
		return open_by_descriptor(pin);
	fd = GATE_4(NR_openat2, AT_FDCWD, host_path, &how, sizeof(how));
	if (fd >= 0 && !GATE_2(NR_fstat, fd, &opened) && pinned->st_ino == opened.st_ino &&
	    pinned->st_dev == opened.st_dev)
		return fd;
	if (fd >= 0)
		program_close((int)fd);
	return open_by_descriptor(pin);
}

/* The program that PATH holds. */
static long open_pinned(const struct host_path *path)
{
	struct stat file;
	long status = check_permitted(path->pin, "", AT_EMPTY_PATH, WRITERS_ALL, &file);

	return status ? status : open_again(path->pin, &file, path->is_resolved ? path->result->host : "");
}

/* The canonical guest path of an open program, where its path does not tell it: /proc/self/fd/N, memfds. */
static void name_by_descriptor(struct call *call, long fd, char *exe)
{
	char *buf = call->slot->scratch.link;
	long length;

	if (proc_read_descriptor((int)fd, buf) < 0)
		return;
	length = view_to_guest(the_view(), buf, exe, PATH_SIZE);
	if (length < 0)
		memcpy(exe, buf, strlen(buf) + 1);
}

/* execveat with AT_EMPTY_PATH: the descriptor itself. */
static long open_descriptor(struct request *request, char *exe)
{
	struct stat file;
	long fd = check_permitted(request->directory, "", AT_EMPTY_PATH, WRITERS_ALL, &file);

	if (fd == -ENOENT || fd == -EINVAL || !fd)
		fd = open_by_descriptor(request->directory);
	if (fd >= 0 && exe)
		name_by_descriptor(request->call, fd, exe);
	return fd;
}

/* Open GUEST_PATH for execution; EXE gets its canonical guest path, and may be NULL. */
static long open_guest(void *context, const char *guest_path, char *exe)
{
	struct request *request = context;
	struct call *call = request->call;
	bool no_follow = request->is_first && request->flags & AT_SYMLINK_NOFOLLOW;
	int directory = request->is_first ? request->directory : AT_FDCWD;
	struct host_path *path = &call->paths[0];
	size_t length = strlen(guest_path);
	long status;

	if (!length && request->is_first && request->flags & AT_EMPTY_PATH) {
		request->is_first = false;
		request->is_by_descriptor = true;
		log_file(call);
		return open_descriptor(request, exe);
	}
	request->is_first = false;
	if (!length)
		return -ENOENT;
	memmove(call->slot->path[0], guest_path, length + 1);
	status = translate_text(call, directory, no_follow ? 0 : VIEW_FOLLOW, TRANSLATE_FULL | TRANSLATE_OBJECT);
	log_file(call);
	if (status)
		return status;
	if (path->is_resolved && path->result->is_virtual)
		return -EACCES;
	status = path->pin >= 0 ? open_pinned(path) :
				  open_executable(path->directory, path->path, no_follow ? AT_SYMLINK_NOFOLLOW : 0);
	if (status < 0 || !exe)
		return status;
	request->is_by_process = !path->is_resolved || text_begins(path->result->host, "/proc/");
	if (request->is_by_process)
		name_by_descriptor(call, status, exe);
	else
		memcpy(exe, path->result->guest, path->result->guest_length + 1);
	return status;
}

/*
 * The ELF interpreter that this program has too. To ask the kernel who has it
 * open for writing costs as much as all the rest: it is not asked when there is
 * no sign of any.
 */
static long open_own_interpreter(const char *guest_path)
{
	long fd = interpreter_open(guest_path);
	struct stat file;

	if (fd < 0 || !check_permitted((int)fd, "", AT_EMPTY_PATH, WRITERS_BUSY, &file))
		return fd;
	program_close((int)fd);
	return -ENOENT;
}

/* struct plan_operations.open: of the ELF interpreter EXE is not asked for. */
static long open_planned(void *context, const char *guest_path, char *exe)
{
	const struct request *request = context;
	long fd = -ENOENT;

	/* Where no descriptor is free its canonical path is needed. */
	if (exe || request->interpreter)
		return open_guest(context, guest_path, exe);
	/* -v wants to tell its canonical path. */
	if (!log_is_on())
		fd = open_own_interpreter(guest_path);
	return fd >= 0 ? fd : open_guest(context, guest_path, exe);
}

/* HOST_PATH where the host is what an outer proot shows. */
static long open_host_in_view(struct request *request, const char *host_path)
{
	char path[PATH_SIZE];
	struct text text;

	text_init(&text, path, sizeof(path));
	text_add(&text, EMULATOR_HOST);
	text_add(&text, host_path);
	return open_guest(request, path, NULL);
}

/*
 * struct plan_operations.open_host. Where no descriptor is free the canonical path is
 * needed, which the descriptor tells.
 */
static long open_host(void *context, const char *host_path)
{
	const struct request *request = context;
	struct view_result *result = &request->call->slot->results[0];
	char *buf = request->call->slot->spare;
	long fd, length;

	if (host_program_has_view())
		return open_host_in_view(context, host_path);
	fd = open_executable(AT_FDCWD, host_path, 0);
	if (fd < 0 || !request->interpreter)
		return fd;
	length = proc_read_descriptor((int)fd, buf);
	if (length < 0 || length + sizeof(EMULATOR_HOST) > sizeof(result->guest)) {
		program_close((int)fd);
		return -EMFILE;
	}
	memcpy(result->guest, EMULATOR_HOST, sizeof(EMULATOR_HOST) - 1);
	memcpy(result->guest + sizeof(EMULATOR_HOST) - 1, buf, (size_t)length + 1);
	result->guest_length = sizeof(EMULATOR_HOST) - 1 + (size_t)length;
	return fd;
}

/* struct plan_operations.is_bound */
static bool is_bound(void *context, const char *exe)
{
	(void)context;
	return exe[0] == '/' && view_find_above(the_view(), exe, strlen(exe));
}

static const struct plan_operations operations = {
	.open = open_planned,
	.read = program_read,
	.close = program_close,
	.open_host = open_host,
	.is_bound = is_bound,
};

/* Memory for COUNT pointers: in the slot, or mapped where they do not fit. */
static unsigned long *take_pointers(struct slot *slot, size_t count)
{
	size_t size = ALIGN_UP(count * sizeof(unsigned long), 0x1000ul);
	long memory;

	if (count * sizeof(unsigned long) <= sizeof(slot->results[1]))
		return (unsigned long *)&slot->results[1];
	memory = room_map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (memory < 0)
		return NULL;
	slot->extra = (void *)memory;
	slot->extra_size = size;
	return (unsigned long *)memory;
}

/* Whether the program's loader is to know the host's library path. */
static bool wants_libraries(const struct plan *plan)
{
	return plan->is_of_host && plan->has_interpreter && plan->emulator->library_path[0];
}

#define LIBRARY_PATH "LD_LIBRARY_PATH="

/* The variables of the loader among the COUNT of ENVP, into VARIABLES: how many. */
static unsigned int find_loader_variables(struct slot *slot, const unsigned long *envp, size_t count,
					  const char *variables[], bool *has_library_path)
{
	char begin[sizeof(LIBRARY_PATH)] = "";
	unsigned int found = 0;

	*has_library_path = false;
	for (size_t i = 0; i < count; i++) {
		if (guest_read(begin, envp[i], 3) || !emulator_is_loader_variable(begin))
			continue;
		if (!guest_read(begin, envp[i], sizeof(LIBRARY_PATH) - 1))
			*has_library_path |= text_equal(begin, LIBRARY_PATH);
		begin[3] = '\0';
		/* The long ones are in the environment. */
		if (found < EMULATOR_VARIABLES_MOST && guest_read_string(slot->spare, envp[i], PATH_SIZE) > 0 &&
		    emulator_takes_variable(slot->spare))
			variables[found++] = (const char *)envp[i];
	}
	return found;
}

/* What stands in front of the program's path: the emulator's words. */
static unsigned long *copy_front(struct slot *slot, unsigned long *at, const unsigned long *envp, size_t envc)
{
	const struct emulator *emulator = &image_data()->emulator;
	const char *variables[EMULATOR_VARIABLES_MOST];
	bool has_library_path;
	unsigned int count = find_loader_variables(slot, envp, envc, variables, &has_library_path);

	return at + emulator_front(emulator, variables, count, has_library_path, (const char **)at);
}

/*
 * The arrays for the kernel: envp before the state, argv behind what the emulator and "#!" lines
 * want in front. The strings stay where the guest has them. *FOREIGN_AT: struct state.
 */
static long copy_arrays(struct request *request, const struct plan *plan, const char *const state[STATE_STRINGS],
			unsigned long **argv, unsigned long **envp, uint32_t *foreign_at)
{
	long argc = guest_count_pointers(request->argv), envc = guest_count_pointers(request->envp);
	unsigned int skip = plan->front_count && argc > 0 ? 1 : 0;
	size_t room = STATE_STRINGS + filters_count() + plan->front_count + 3;
	unsigned long *at;

	if (argc < 0 || envc < 0)
		return -EFAULT;
	if (plan->foreign_path)
		room += emulator_front_most(plan->emulator) + 2;
	at = take_pointers(request->call->slot, (size_t)(argc + envc) + room);
	if (!at)
		return -ENOMEM;
	*envp = at;
	if (guest_read(at, request->envp, (size_t)envc * sizeof(*at)))
		return -EFAULT;
	at += envc;
	if (wants_libraries(plan))
		*at++ = (unsigned long)plan->emulator->library_path;
	filters_write((const char **)at);
	at += filters_count();
	for (unsigned int i = 0; i < STATE_STRINGS; i++)
		*at++ = (unsigned long)state[i];
	*at++ = 0;
	*argv = at;
	if (plan->foreign_path) {
		at = copy_front(request->call->slot, at, *envp, (size_t)envc);
		*foreign_at = (uint32_t)(at - *argv);
		*at++ = (unsigned long)request->foreign_path;
	}
	for (unsigned int i = 0; i < plan->front_count; i++)
		*at++ = (unsigned long)plan->front[i];
	if (guest_read(at, request->argv + skip * sizeof(*at), (size_t)(argc - skip) * sizeof(*at)))
		return -EFAULT;
	at += argc - skip;
	/* The emulator can't do without an argv[0], nor do programs get none of the kernel: Linux 5.18. */
	if (plan->foreign_path && at - *argv == *foreign_at + 1)
		*at++ = (unsigned long)"";
	*at = 0;
	return 0;
}

/*
 * The image by a name that always leads there. The first thread may have ended,
 * and then /proc/self has no exe; for the first itself that way is shorter.
 */
static const char *image_path(void)
{
	return GATE_0(NR_gettid) == GATE_0(NR_getpid) ? "/proc/self/exe" : "/proc/thread-self/exe";
}

/*
 * The slot of a vfork child is the parent's memory too, and nobody comes back
 * from execve to free it. The kernel does: when a task leaves a memory that
 * others still use, it clears the word set_tid_address(2) names (mm_release(),
 * kernel/fork.c): here the slot's owner.
 */
static long execute_image(struct slot *slot, const unsigned long *argv, const unsigned long *envp)
{
	unsigned long *clear_at = NULL;
	bool known = !GATE_2(NR_prctl, PR_GET_TID_ADDRESS, &clear_at);
	long status;

	if (known)
		GATE_1(NR_set_tid_address, &slot->owner);
	trace_begin();
	status = GATE_3(NR_execve, image_path(), argv, envp);
	if (known)
		GATE_1(NR_set_tid_address, clear_at);
	return status;
}

static long execute(struct request *request, struct plan *plan)
{
	struct slot *slot = request->call->slot;
	struct state state = {
		.program_fd = plan->program_fd,
		.interpreter_fd = plan->interpreter_fd,
		.foreign_fd = plan->foreign_fd,
		.signal_mask = *registers_mask(request->call->context),
		.flags = signal_state(*registers_mask(request->call->context)) | privileges_state() |
			 (request->is_by_descriptor ? STATE_NAMED_BY_EXE : 0) | (plan->is_of_host ? STATE_OF_HOST : 0) |
			 (wants_libraries(plan) ? STATE_HOST_LIBRARIES : 0) | (request->is_secure ? STATE_SECURE : 0),
		.file_name = request->file_name,
		.exe = plan->exe,
		.root = root_path(),
		.interpreter = request->interpreter	 ? request->interpreter :
			       plan->interpreter_fd >= 0 ? plan->interpreter :
							   "",
		.cwd_mount = mounts_of_cwd(),
		.filters = filters_count(),
		.credentials = request->credentials,
	};
	char numbers[STATE_NUMBERS_SIZE];
	const char *strings[STATE_STRINGS];
	unsigned long *argv, *envp;
	long status;

	state_write(&state, numbers, strings);
	status = copy_arrays(request, plan, strings, &argv, &envp, &state.foreign_at);
	/* The numbers are where they were. */
	state_write(&state, numbers, strings);
	if (!status)
		status = execute_image(slot, argv, envp);
	if (slot->extra)
		room_unmap(slot->extra, slot->extra_size);
	slot->extra = NULL;
	return status;
}

/* A plan that a child makes, whose descriptors are its own. */
struct plan_aside {
	struct request *request;
	struct plan *plan;
	const char *guest_path;
	long status;
};

/* Whether the canonical GUEST_PATH names the open file FD. */
static bool is_name_of(struct slot *slot, const char *guest_path, int fd)
{
	struct stat named, open;

	translate_stand_in(guest_path, slot->spare);
	return guest_path[0] == '/' && !GATE_4(NR_newfstatat, AT_FDCWD, slot->spare, &named, 0) &&
	       !GATE_2(NR_fstat, fd, &open) && named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

/* The canonical guest path of the file that is mapped. */
static const char *mapped_path(const struct plan *plan)
{
	return plan->foreign_path ? plan->emulator->words : plan->exe;
}

/* In the child: make room, plan, and see that the paths found will do in place of the descriptors. */
static long make_plan_aside(struct slot *aside_at, long unused)
{
	struct plan_aside *aside = (struct plan_aside *)aside_at;
	struct request *request = aside->request;
	struct plan *plan = aside->plan;
	struct slot *slot = request->call->slot;

	(void)unused;
	program_make_room(request->directory);
	aside->status = plan_exec(plan, &operations, request, &image_data()->emulator, aside->guest_path);
	if (aside->status)
		return 0;
	request->interpreter[0] = '\0';
	if (plan->interpreter_fd >= 0)
		memcpy(request->interpreter, slot->results[0].guest, slot->results[0].guest_length + 1);
	if (request->is_by_descriptor || !is_name_of(slot, mapped_path(plan), plan->program_fd) ||
	    (plan->interpreter_fd >= 0 && !is_name_of(slot, request->interpreter, plan->interpreter_fd)))
		aside->status = -EMFILE;
	return 0;
}

/*
 * execve(2) needs no descriptor. Where none is free a child finds the files,
 * and the new image opens them by their names, in a child again.
 */
static long plan_without_descriptors(struct request *request, struct plan *plan, const char *guest_path)
{
	struct plan_aside aside = { request, plan, guest_path, -EMFILE };

	request->is_first = true;
	request->is_by_descriptor = false;
	request->interpreter = request->call->slot->scratch.link;
	plan->drops_foreign = true;
	if (child_run(make_plan_aside, &aside, 0, 0))
		return -EMFILE;
	plan->program_fd = plan->interpreter_fd = plan->foreign_fd = -1;
	return aside.status;
}

/* What execveat tells the new program of its file: do_open_execat() and alloc_bprm(), fs/exec.c. */
static void name_file(struct request *request, const char *guest_path)
{
	struct text name;

	text_init(&name, request->file_name, PATH_SIZE);
	if (request->directory != AT_FDCWD && guest_path[0] != '/') {
		text_add(&name, "/dev/fd/");
		text_add_number(&name, request->directory);
		if (guest_path[0])
			text_add(&name, "/");
	}
	text_add(&name, guest_path);
}

/*
 * How the emulator is to find the program: by the name it was executed by, which is
 * its AT_EXECFN too. One that a descriptor is part of may lead nowhere then.
 */
static void name_foreign(struct request *request, struct plan *plan)
{
	char *exe = request->call->slot->scratch.rest;

	request->foreign_path = plan->foreign_path;
	/* The arrays take the place of the path as named. */
	if (!plan->front_count)
		request->foreign_path = request->file_name;
	if (plan->front_count || request->directory == AT_FDCWD)
		return;
	memcpy(exe, plan->exe, strlen(plan->exe) + 1);
	if (root_tell(exe))
		request->foreign_path = exe;
}

/* What a descriptor is part of the name of, the emulator gets open, as from binfmt_misc: execve may close that one. */
static void close_named(const struct request *request, struct plan *plan)
{
	if (request->is_by_descriptor || request->is_by_process || plan->foreign_fd < 0 ||
	    (!plan->front_count && request->directory != AT_FDCWD))
		return;
	program_close(plan->foreign_fd);
	plan->foreign_fd = -1;
}

/* A script that its interpreter could not open again by /dev/fd/N: ENOENT, as the kernel says. */
static bool is_lost_script(const struct request *request, const struct plan *plan)
{
	return plan->front_count && request->directory != AT_FDCWD && text_begins(request->file_name, "/dev/fd/") &&
	       GATE_2(NR_fcntl, request->directory, F_GETFD) & FD_CLOEXEC;
}

/*
 * The arrays are read when the file is open, before anybody looks into it: do_execveat_common(), fs/exec.c.
 * An error of what is in it, STATUS, comes behind theirs. Before Linux 6.14 they are not looked at.
 */
static long arrays_or(const struct request *request, const struct plan *plan, long status)
{
	long arrays;

	if (plan->stage == PLAN_PROGRAM && !plan->front_count)
		return status;
	arrays = GATE_5(NR_execveat, AT_FDCWD, "/proc/self/exe", request->argv, request->envp, AT_EXECVE_CHECK);
	return arrays == -EFAULT || arrays == -E2BIG ? arrays : status;
}

/* AT_EXECVE_CHECK: the file is looked at, not what is in it; then the arrays. */
static long check(struct request *request, const char *guest_path)
{
	long status = open_guest(request, guest_path, NULL);

	if (status < 0)
		return status;
	program_close((int)status);
	status = GATE_5(NR_execveat, AT_FDCWD, "/proc/self/exe", request->argv, request->envp, AT_EXECVE_CHECK);
	return status == -EINVAL ? 0 : status;
}

/* Where execute() finds the credentials as text: no path is translated any more. */
struct elevated {
	struct credentials credentials;
	char text[CREDENTIALS_TEXT_SIZE];
};

_Static_assert(sizeof(struct elevated) <= offsetof(struct slot, pinned) - offsetof(struct slot, relative), "slot.h");

/* Of a program of another CPU its own file counts, not the emulator's; of a script the interpreter's. */
static long take_credentials(struct request *request, const struct plan *plan)
{
	struct slot *slot = request->call->slot;
	struct elevated *elevated = (struct elevated *)((char *)slot + offsetof(struct slot, relative));
	int fd = plan->foreign_path ? plan->foreign_fd : plan->program_fd;
	long status;

	if (!identity_is_on())
		return 0;
	if (fd < 0)
		translate_stand_in(plan->exe, slot->spare);
	credentials_copy(&elevated->credentials, identity_now());
	status = elevate(&elevated->credentials, fd, slot->spare, &request->is_secure);
	if (status)
		return status;
	credentials_write(&elevated->credentials, elevated->text);
	request->credentials = elevated->text;
	return 0;
}

/* The path as named serves the plan until the arrays take its place. */
static char *path_as_named(const struct call *call)
{
	return call->slot->results[1].guest;
}

static long plan_named(struct plan *plan, struct request *request)
{
	return plan_exec(plan, &operations, request, &image_data()->emulator, path_as_named(request->call));
}

struct plan_again {
	struct plan *plan;
	struct request *request;
};

/* An access_step: with directories open that the kernel does not let the user search. */
static long plan_again(struct call *call, void *again_at)
{
	struct plan_again *again = again_at;

	(void)call;
	again->request->is_first = true;
	again->request->is_by_descriptor = false;
	return plan_named(again->plan, again->request);
}

/* What CALL asks for, as far as that can be told without a look at the file. */
static long read_request(struct call *call, struct request *request)
{
	bool at = call->nr == NR_execveat;
	long length;

	*request = (struct request){
		.call = call,
		.directory = at ? (int)call->arguments[0] : AT_FDCWD,
		.flags = at ? call->arguments[4] : 0,
		.argv = call->arguments[at ? 2 : 1],
		.envp = call->arguments[at ? 3 : 2],
		.file_name = call->slot->path[1],
		.is_first = true,
	};
	length = guest_read_string(call->slot->spare, call->arguments[at], PATH_SIZE);
	if (length < 0)
		return length;
	if (!length && !(request->flags & AT_EMPTY_PATH))
		return -ENOENT;
	if (request->flags & ~(unsigned long)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_EXECVE_CHECK))
		return -EINVAL;
	memcpy(path_as_named(call), call->slot->spare, (size_t)length + 1);
	name_file(request, path_as_named(call));
	return 0;
}

static long make_plan(struct request *request, struct plan *plan)
{
	long status = plan_named(plan, request);

	if (status == -EACCES && identity_is_on())
		status = access_override_step(request->call, plan_again, &(struct plan_again){ plan, request }, status);
	if (status == -EMFILE)
		status = plan_without_descriptors(request, plan, path_as_named(request->call));
	/* Before the interpreter is looked for: load_script(), fs/binfmt_script.c. */
	if (status)
		return arrays_or(request, plan, is_lost_script(request, plan) ? -ENOENT : status);
	if (plan->front_count && plan->front[plan->front_count - 1] == path_as_named(request->call))
		plan->front[plan->front_count - 1] = request->file_name;
	name_foreign(request, plan);
	return 0;
}

long handle_execve(struct call *call)
{
	struct request request;
	struct plan plan;
	long status = read_request(call, &request);

	if (status)
		return status;
	if (request.flags & AT_EXECVE_CHECK)
		return check(&request, path_as_named(call));
	plan.drops_foreign = false;
	status = make_plan(&request, &plan);
	if (status)
		return status;
	status = take_credentials(&request, &plan);
	close_named(&request, &plan);
	if (is_lost_script(&request, &plan))
		status = -ENOENT;
	else if (!status)
		status = execute(&request, &plan);
	plan_close(&plan);
	return status;
}
