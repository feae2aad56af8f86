/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/command.h"

#include "agent/calls.h"
#include "cli/emulator.h"
#include "cli/environment.h"
#include "cli/explain.h"
#include "cli/host.h"
#include "cli/login.h"
#include "cli/message.h"
#include "cli/nested.h"
#include "cli/places.h"
#include "cli/route.h"
#include "engine/engine.h"
#include "engine/nest.h"
#include "image/plan.h"
#include "image/shared.h"
#include "image/state.h"
#include "supervisor/leftovers.h"
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/bin:/usr/bin"

/* The command on its way to execution. */
struct command {
	const struct config *config;
	struct image_data *data;
	struct image_data *image; /* what the agent gets: DATA, or inside another proot both as one */
	struct nest *nest;	  /* the proot around; NULL: none */
	struct host_guest guest;
	struct plan plan;
	struct environment environment; /* the guest's */
	const char *name;		/* as the user wrote it */
	const char *path;		/* the guest's $PATH */
	char guest_cwd[PATH_SIZE];	/* canonical: "" is the root */
	char host_cwd[PATH_SIZE];	/* "": CWD_FD */
	int cwd_fd;
	char file[PATH_SIZE];  /* the command's file, as execve(2) would get it */
	const char *file_name; /* what is executed: FILE, or the shell for it */
	char state_numbers[STATE_NUMBERS_SIZE];
	const char *state_strings[STATE_STRINGS];
	bool wants_identity;
	bool lacks_segments; /* --sysvipc has found out that there are none */
	bool is_traced;	     /* by --engine=ptrace, or because there is no filter */
	struct login login;  /* of --user */
	char credentials[CREDENTIALS_TEXT_SIZE];
	uint32_t foreign_at; /* struct state */
	const char **argv;
	const char **envp;
};

static void release(struct command *command)
{
	plan_close(&command->plan);
	environment_free(&command->environment);
	free(command->argv);
	free(command->envp);
	if (command->image != command->data)
		free(command->image);
	nested_free(command->nest);
}

static void close_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static const char *shown(const char *guest_path)
{
	return *guest_path ? guest_path : "/";
}

/* What stands for the virtual directory BINDING of the image has no name, but a descriptor, which execve closes. */
static int enter_virtual(struct command *command, uint32_t binding)
{
	command->cwd_fd = host_open_virtual(binding, command->data->temporary);
	return MIN(command->cwd_fd, 0);
}

/* Make GUEST_PATH the initial directory. 0 or a negative errno. */
static int set_cwd(struct command *command, const char *guest_path)
{
	struct view_result *result = &command->guest.result;
	int error = (int)view_resolve(&command->data->view, &host_view_operations, "", guest_path, VIEW_FOLLOW,
				      &command->guest.scratch, result);

	if (error)
		return error;
	error = result->is_virtual ? 0 : host_may_enter(result->host);
	if (error)
		return error;
	strcpy(command->guest_cwd, result->guest);
	strcpy(command->host_cwd, result->is_virtual ? "" : result->host);
	return 0;
}

/* Start at GUEST_PATH if that is the very directory HOST_CWD. */
static bool try_cwd(struct command *command, const char *guest_path, const char *host_cwd)
{
	struct stat there, here;

	return !set_cwd(command, guest_path) && !stat(command->host_cwd, &there) && !stat(host_cwd, &here) &&
	       there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

/* Whether the guest sees GUEST_PATH only because it needs programs of the host. */
static bool is_among_host(const struct command *command, const char *guest_path)
{
	const struct view *view = &command->data->view;

	return view_binding(view, view_find_above(view, guest_path, strlen(guest_path)))->flags & VIEW_HOST;
}

/* The current directory of the host, where the guest can see that very directory; by the same name if possible. */
static int set_default_cwd(struct command *command)
{
	char guest_path[PATH_SIZE];
	char host_cwd[PATH_SIZE];
	int error = host_current_directory(host_cwd);

	if (error)
		return error;
	if (try_cwd(command, host_cwd, host_cwd))
		return 0;
	if (view_to_guest(&command->data->view, host_cwd, guest_path, sizeof(guest_path)) < 0 ||
	    is_among_host(command, guest_path))
		return -ENOENT;
	return try_cwd(command, guest_path, host_cwd) ? 0 : -ENOENT;
}

/* -w, which is relative to the current directory. */
static int set_given_cwd(struct command *command, const char *given)
{
	char host_cwd[PATH_SIZE] = "";
	char guest_path[PATH_SIZE];

	if (*given != '/' && host_current_directory(host_cwd) < 0)
		return -ENOENT;
	if (snprintf(guest_path, PATH_SIZE, "%s%s%s", host_cwd, *given == '/' ? "" : "/", given) >= PATH_SIZE)
		return -ENAMETOOLONG;
	return set_cwd(command, guest_path);
}

/* Whether $PWD of the host leads the guest to its initial directory, perhaps through symbolic links. */
static bool is_pwd_right(struct command *command)
{
	const char *pwd = environment_get(&command->environment, "PWD");

	return pwd && *pwd == '/' &&
	       !view_resolve(&command->data->view, &host_view_operations, "", pwd, VIEW_FOLLOW, &command->guest.scratch,
			     &command->guest.result) &&
	       !strcmp(command->guest.result.guest, command->guest_cwd);
}

/* Whether the guest's environment has nothing that was not asked for. */
static bool is_cleared(const struct command *command)
{
	const struct config *config = command->config;

	return !environment_source(config->variables, config->variable_count, environ);
}

static int choose_cwd(struct command *command)
{
	const char *given = command->config->guest_cwd;
	int error = given ? set_given_cwd(command, given) : set_default_cwd(command);

	if (error && given)
		message_warning("can't start in '%s': %s; starting in '/'", given, strerror(-error));
	if (error)
		error = set_cwd(command, "/");
	if (error)
		message_error("can't start in '/': %s", strerror(-error));
	else if (given || (!is_cleared(command) && !is_pwd_right(command)))
		environment_set(&command->environment, "PWD", shown(command->guest_cwd));
	return error;
}

/* Whether FILE could be executed: 0 or a negative errno. */
static int try_file(struct command *command)
{
	long fd = host_plan_operations.open(&command->guest, command->file, NULL);

	if (fd >= 0)
		close((int)fd);
	return fd < 0 ? (int)fd : 0;
}

/*
 * Look for the command in $PATH as execvp(3) does. An empty directory is the
 * current one. FILE is the first that can be executed, else one that can't.
 */
static int search(struct command *command)
{
	char denied[PATH_SIZE] = "";
	const char *directory = command->path;

	for (;;) {
		size_t length = strcspn(directory, ":");
		int error = -ENOENT;

		if (snprintf(command->file, PATH_SIZE, "%.*s%s%s", (int)length, directory, length ? "/" : "",
			     command->name) < PATH_SIZE)
			error = try_file(command);
		if (!error)
			return 0;
		if (error == -EACCES && !*denied)
			strcpy(denied, command->file);
		if (!directory[length])
			break;
		directory += length + 1;
	}
	strcpy(command->file, denied);
	return *denied ? -EACCES : -ENOENT;
}

/* Find the command's file. */
static int find_file(struct command *command)
{
	if (!*command->name)
		return -ENOENT;
	if (!strchr(command->name, '/'))
		return strlen(command->name) > NAME_MAX ? -ENAMETOOLONG : search(command);
	return snprintf(command->file, PATH_SIZE, "%s", command->name) < PATH_SIZE ? 0 : -ENAMETOOLONG;
}

/* Whether the file that is neither ELF nor "#!" reads like text: no byte behind the first NUL of its head. */
static bool is_text(const struct plan *plan)
{
	size_t length = strnlen((const char *)plan->head, PLAN_HEAD_SIZE);

	while (length < PLAN_HEAD_SIZE && !plan->head[length])
		length++;
	return length == PLAN_HEAD_SIZE;
}

static long plan_file(struct command *command, const char *file_name)
{
	command->file_name = file_name;
	return plan_exec(&command->plan, &host_plan_operations, &command->guest, &command->data->emulator, file_name);
}

/* The host path of the guest file GUEST_PATH, or NULL. */
static const char *host_path_of(struct command *command, const char *guest_path)
{
	struct view_result *result = &command->guest.result;

	if (view_resolve(&command->data->view, &host_view_operations, command->guest_cwd, guest_path, VIEW_FOLLOW,
			 &command->guest.scratch, result) < 0)
		return NULL;
	return result->is_virtual ? "/" : result->host;
}

/* Whether programs for this machine are to be emulated, too. */
static bool emulates_all(const struct config *config)
{
	const char *wish = getenv("PROOT_FORCE_FOREIGN_BINARY");

	return config->emulates_all || (wish && *wish && strcmp(wish, "0"));
}

/* Without -q: one that this machine happens to have. */
static bool find_emulator(struct command *command)
{
	struct image_data *data = command->data;

	if (command->config->emulator || !emulator_find(&data->emulator, &command->plan))
		return false;
	data->emulator.runs_all = emulates_all(command->config);
	return !places_add_host(data, "/");
}

static struct explain_place place_of(const struct command *command)
{
	const char *host_root = view_host(&command->data->view, 0);

	return (struct explain_place){ command->name, command->file, shown(host_root), shown(command->guest_cwd),
				       command->path };
}

/* Find and plan the command; a text without "#!" goes to the shell, as with execvp(3). Returns an exit status. */
static int plan_command(struct command *command)
{
	struct explain_place place = place_of(command);
	const char *failed;
	long error;

	error = find_file(command);
	if (!error)
		error = plan_file(command, command->file);
	if (error == -ENOEXEC && command->plan.stage == PLAN_FORMAT && is_text(&command->plan))
		error = plan_file(command, "/bin/sh");
	if (error == -ENOEXEC && command->plan.stage == PLAN_FOREIGN && find_emulator(command))
		error = plan_file(command, command->file_name);
	if (!error)
		return 0;
	failed = command->plan.failed_path ? command->plan.failed_path : command->file;
	return (int)explain_plan(&place, &command->plan, error, host_path_of(command, failed));
}

/* What the guest gets as argv[0] where no "#!" was followed. */
static const char *first_word(const struct command *command)
{
	if (command->file_name != command->file)
		return command->file_name; /* the shell, for a text */
	return command->config->command_count ? command->name : "-sh";
}

/* The words of the emulator, and the path of what it is to run: how many. */
static size_t put_emulator(struct command *command)
{
	const char *variables[EMULATOR_VARIABLES_MOST];
	unsigned int found = 0;
	size_t count;

	for (char **at = command->environment.variables; *at && found < ARRAY_SIZE(variables); at++)
		if (emulator_is_loader_variable(*at) && emulator_takes_variable(*at))
			variables[found++] = *at;
	count = emulator_front(command->plan.emulator, variables, found,
			       environment_get(&command->environment, "LD_LIBRARY_PATH"), command->argv);
	command->foreign_at = (uint32_t)count;
	command->argv[count] = command->plan.foreign_path;
	return count + 1;
}

/*
 * argv: the emulator, what replaces argv[0] where "#!" was followed, the file where the shell
 * reads it, the user's words.
 */
static int make_argv(struct command *command)
{
	const struct config *config = command->config;
	const struct plan *plan = &command->plan;
	size_t room = plan->front_count + 3 + (size_t)config->command_count, count = 0;

	if (plan->foreign_path)
		room += emulator_front_most(plan->emulator) + 1;
	command->argv = calloc(room, sizeof(char *));
	if (!command->argv)
		return -ENOMEM;
	if (plan->foreign_path)
		count = put_emulator(command);
	for (unsigned int i = 0; i < plan->front_count; i++)
		command->argv[count++] = plan->front[i];
	if (!plan->front_count)
		command->argv[count++] = first_word(command);
	if (command->file_name != command->file)
		command->argv[count++] = command->file;
	for (int i = 1; i < config->command_count; i++)
		command->argv[count++] = config->command[i];
	return 0;
}

/* The signals blocked now, as the kernel keeps them. */
static uint64_t current_signal_mask(void)
{
	sigset_t set;
	uint64_t mask = 0;

	sigprocmask(SIG_BLOCK, NULL, &set);
	for (int i = 1; i <= 64; i++)
		if (sigismember(&set, i) == 1)
			mask |= (uint64_t)1 << (i - 1);
	return mask;
}

static bool is_sigsys_ignored(void)
{
	struct sigaction action;

	return sigaction(SIGSYS, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

#define SIGSYS_BIT ((uint64_t)1 << (SIGSYS - 1))

/* Whether the command's loader is to know the host's library path. */
static bool wants_libraries(const struct command *command)
{
	return command->plan.is_of_host && command->plan.interpreter_fd >= 0 && command->data->emulator.library_path[0];
}

/* What this process is to the proot around passes on to the command, but where options say otherwise. */
static int take_state(struct command *command, struct state *state)
{
	int status;

	if (!command->nest)
		return 0;
	/* Who this process is may have changed. */
	nested_free(command->nest);
	status = nested_find(&command->nest);
	if (status)
		return status;
	state->flags |= command->nest->state_flags;
	state->filters = command->nest->filters;
	if (!command->wants_identity)
		state->credentials = command->nest->credentials;
	return 0;
}

/* envp: the guest's environment, then the state for the image. */
static int make_envp(struct command *command)
{
	size_t count = command->environment.count;
	uint64_t mask = current_signal_mask();
	struct state state = {
		.program_fd = command->plan.program_fd,
		.interpreter_fd = command->plan.interpreter_fd,
		.interpreter = command->plan.interpreter_fd >= 0 ? command->plan.interpreter : "",
		.signal_mask = mask & ~SIGSYS_BIT,
		.flags = (mask & SIGSYS_BIT ? STATE_SIGSYS_BLOCKED : 0) |
			 (is_sigsys_ignored() ? STATE_SIGSYS_IGNORED : 0) |
			 (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) > 0 ? STATE_PRIVILEGES_FIXED : 0) |
			 (command->plan.is_of_host ? STATE_OF_HOST : 0) | STATE_FIRST,
		.foreign_fd = -1,
		.foreign_at = command->foreign_at,
		.file_name = command->file_name,
		.exe = command->plan.exe,
		.root = "",
		.credentials = command->credentials,
		.cwd_mount = view_find_above(&command->image->view, command->guest_cwd, strlen(command->guest_cwd)) + 1,
	};

	if (take_state(command, &state))
		return -ENOSYS;
	command->envp = calloc(count + STATE_STRINGS + state.filters + 2, sizeof(char *));
	if (!command->envp)
		return -ENOMEM;
	memcpy(command->envp, command->environment.variables, count * sizeof(char *));
	if (wants_libraries(command)) {
		state.flags |= STATE_HOST_LIBRARIES;
		command->envp[count++] = command->data->emulator.library_path;
	}
	if (state.filters && nest_ask_filters(command->envp + count, state.filters))
		return -ENOMEM;
	count += state.filters;
	state_write(&state, command->state_numbers, command->state_strings);
	memcpy(command->envp + count, command->state_strings, sizeof(command->state_strings));
	return 0;
}

/* A descriptor that guests inherit, a copy of FD out of the way of theirs. */
static int raise_descriptor(int fd)
{
	struct rlimit limit;
	int high = 1000;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= (rlim_t)high)
		high = limit.rlim_cur > 32 ? (int)limit.rlim_cur - 16 : 3;
	return fcntl(fd, F_DUPFD, high);
}

/* Where --trace writes to: 0 or a negative errno after saying what is wrong. */
static int open_show(struct command *command)
{
	const char *file = command->config->shown_to;
	int fd =
		file ? open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOCTTY | O_CLOEXEC, 0666) : STDERR_FILENO;
	int high = fd < 0 ? -1 : raise_descriptor(fd), error = errno;

	command->data->show_fd = high;
	if (file && fd >= 0)
		close(fd);
	if (high >= 0)
		return 0;
	message_error("option '--trace': can't write to '%s': %s", file ? file : "stderr", strerror(error));
	return -error;
}

/* Where lines of -v and --trace go: likewise. */
static int open_logs(struct command *command)
{
	struct image_data *data = command->data;
	struct stat status;

	data->log_fd = command->config->verbosity < 2 ? -1 : raise_descriptor(STDERR_FILENO);
	data->show_fd = -1;
	if (command->config->shows && open_show(command))
		return -EIO;
	if (data->show_fd >= 0 && !fstat(data->show_fd, &status))
		data->show_inode = status.st_ino;
	data->show_owner = getpid();
	return 0;
}

/* What guests were refused, at the end of --trace. Those that go on in the background are not waited for. */
static void print_refused(const struct image_data *data)
{
	for (unsigned int nr = 0; nr < SHARED_CALLS; nr++) {
		uint32_t count = shared_count_refused(nr);
		const struct call_row *row = call_find(nr);

		if (!count)
			continue;
		if (row)
			dprintf(data->show_fd, "%s was refused, %u times\n", row->name, count);
		else
			dprintf(data->show_fd, "system call %u%s is not known to proot: ENOSYS, %u times\n", nr,
				nr == SHARED_CALLS - 1 ? " or higher" : "", count);
	}
}

static bool is_patching_off(const struct config *config)
{
	const char *wish = getenv("PROOT_NO_PATCH");

	return config->is_patching_off || (wish && *wish && strcmp(wish, "0"));
}

/* Who is root already is so by the kernel, with all that it has for root. */
static bool wants_identity(const struct config *config)
{
	return config->has_identity && (config->uid || config->gid || geteuid());
}

/* What tells our namespace of the kind NAME from others. */
static uint64_t namespace_of(const char *name)
{
	struct stat status;
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return stat(path, &status) ? 0 : status.st_ino;
}

/* The filter, which is faster, unless it is refused, or the user wants the tracer. */
static bool wants_tracer(const struct config *config)
{
	return config->engine == CONFIG_ENGINE_PTRACE || (config->engine == CONFIG_ENGINE_AUTO && !engine_can_filter());
}

/* With the root / the files that are unpacked here, say, are to have their links directory here. */
static void fill_links_start(struct command *command)
{
	char cwd[PATH_SIZE];

	if (command->config->links && !host_current_directory(cwd) && cwd[1] &&
	    strlen(cwd) < sizeof(command->data->links_start))
		strcpy(command->data->links_start, cwd);
}

/* The settings, besides those of the proot around this one. */
static void fill_settings(struct command *command)
{
	struct image_data *data = command->data;

	data->magic = IMAGE_MAGIC;
	data->flags = (command->config->allows_unknown ? IMAGE_ALLOW_UNKNOWN : 0) |
		      (is_patching_off(command->config) ? IMAGE_NO_PATCH : 0) |
		      (command->config->is_agent_traced ? IMAGE_TRACE_AGENT : 0) |
		      (command->config->has_kernel || command->config->hostname ? IMAGE_KERNEL : 0) |
		      (command->is_traced ? IMAGE_TRACED : 0) | (command->wants_identity ? IMAGE_IDENTITY : 0) |
		      (command->config->links ? IMAGE_LINKS : 0) |
		      (command->wants_identity || !geteuid() ? IMAGE_PRIVILEGED : 0);
	data->filters = !command->is_traced;
	data->mount_namespace = namespace_of("mnt");
	data->name_namespace = namespace_of("uts");
	data->identity = (struct identity){ .uid = command->config->uid,
					    .gid = command->config->gid,
					    .host_uid = geteuid(),
					    .host_gid = getegid(),
					    .forgets = command->wants_identity && command->config->forgets,
					    .memory_id = -1 };
	data->kernel = command->config->kernel;
	if (command->config->hostname)
		strcpy(data->kernel.names[KERNEL_NODE], command->config->hostname);
	data->ports = command->config->ports;
	fill_links_start(command);
	data->verbosity = command->config->verbosity;
	data->flags |= command->config->shows ? IMAGE_SHOW : 0;
}

static void print_switch(const char *name, bool is_on)
{
	message_info(1, "%s = %s", name, is_on ? "yes" : "no");
}

static void print_emulator(const struct emulator *emulator)
{
	char line[EMULATOR_WORDS_SIZE] = "none";
	const char *word = emulator->words;
	size_t length = 0;

	for (uint32_t i = 1; i < emulator->count; i++) {
		word += strlen(word) + 1;
		length += (size_t)snprintf(line + length, sizeof(line) - length, "%s%s", i > 1 ? " " : "", word);
	}
	message_info(1, "qemu = %s", line);
}

static void print_identity(const struct command *command)
{
	const struct config *config = command->config;

	if (command->wants_identity)
		message_info(1, "identity = %u:%u", config->uid, config->gid);
	if (config->user)
		message_info(1, "user = %s", config->user);
}

static void print_configuration(const struct command *command)
{
	const struct config *config = command->config;

	places_print(&command->data->view);
	message_info(1, "cwd = %s", shown(command->guest_cwd));
	message_info(1, "command = %s", command->file);
	message_info(1, "exe = %s", command->plan.exe);
	print_emulator(&command->data->emulator);
	message_info(1, "verbose = %d", config->verbosity);
	message_info(1, "engine = %s%s", command->is_traced ? "ptrace" : "sigsys",
		     config->engine == CONFIG_ENGINE_AUTO ? " (auto)" : "");
	print_identity(command);
	if (command->nest)
		message_info(1, "inside = %u other proot%s", command->image->depth,
			     command->image->depth > 1 ? "s" : "");
	print_switch("no-patch", is_patching_off(config));
	print_switch("allow-unknown-syscalls", config->allows_unknown);
	print_switch("kill-on-exit", config->kills_on_exit);
}

/*
 * --sysvipc: what is to be emulated. A filter that kills comes before ours that traps, and behind a tracer: seccomp(2),
 * the order of actions.
 */
static void choose_system_v(struct command *command)
{
	uint32_t killing = 0;
	uint32_t missing = command->config->wants_system_v ? host_find_missing_system_v(&killing) : 0;

	command->lacks_segments = missing & IMAGE_SHARED_MEMORY;
	if (missing && command->nest) {
		message_warning("option '--sysvipc': this machine has no System V IPC: give it to the proot around");
		return;
	}
	if (!command->is_traced && killing) {
		message_warning("option '--sysvipc': this machine kills who asks for System V IPC; with "
				"--engine=ptrace guests can have it");
		missing &= ~killing;
	}
	command->data->flags |= missing;
}

/* Where guests can't share segments, they share files. */
static void choose_memory(struct command *command)
{
	struct image_data *image = command->image;
	bool wants_files = image->flags & IMAGE_SYSTEM_V || command->lacks_segments;
	int error = 0;

	if (!image->depth && (wants_files || !host_has_segments()))
		error = leftovers_make_memory(image);
	if (!error)
		return;
	if (image->flags & IMAGE_SYSTEM_V)
		message_warning("option '--sysvipc': can't make a directory for it: %s", strerror(-error));
	image->flags &= ~(uint32_t)IMAGE_SYSTEM_V;
}

static int start(struct command *command)
{
	int image_fd __attribute__((cleanup(close_fd))) = -1, outer_fd __attribute__((cleanup(close_fd))) = -1;
	struct explain_place place = place_of(command);
	struct launch_failure failure;
	struct launch launch;
	int status;

	if (command->config->forgets && !command->wants_identity)
		message_warning("option '--forget' has no effect here: owners are the kernel's");
	if (command->config->cuts_kernel)
		message_warning("option '--kernel-release': a name has more than 64 bytes; the first 64 are taken");
	choose_memory(command);
	shared_create(command->image);
	if (command->image->identity.forgets && command->image->identity.memory_id < 0) {
		message_error("there is no memory to be had that guests can share, which --forget needs");
		return EXIT_OWN_FAILURE;
	}
	outer_fd = command->nest && !command->nest->is_apart ? nest_open_image() : -1;
	image_fd = image_compose(command->image, outer_fd);
	if (image_fd < 0) {
		message_error("can't compose the image: %s", strerror(-image_fd));
		message_see_doctor();
		return EXIT_OWN_FAILURE;
	}
	launch = (struct launch){
		.image_fd = image_fd,
		.program_fd = command->plan.program_fd,
		.interpreter_fd = command->plan.interpreter_fd,
		.data = command->image,
		.host_cwd = command->host_cwd,
		.cwd_fd = command->cwd_fd,
		.argv = (char *const *)command->argv,
		.envp = (char *const *)command->envp,
		.kills_on_exit = command->config->kills_on_exit,
	};
	status = supervisor_run(&launch, &failure);
	if (command->config->shows)
		print_refused(command->data);
	if (failure.stage != LAUNCH_NONE)
		return (int)explain_launch(&place, &launch, &failure);
	return status;
}

/* -q: 0 or a negative errno after saying what is wrong. */
static int choose_emulator(struct command *command)
{
	struct image_data *data = command->data;
	const char *wish = command->config->emulator;
	int error;

	if (!wish && command->nest && command->nest->data->emulator.count) {
		data->emulator = command->nest->data->emulator;
		return places_add_host(data, EMULATOR_HOST);
	}
	if (!wish || !strcmp(wish, EMULATOR_OFF))
		return 0;
	error = emulator_read(&data->emulator, wish);
	data->emulator.runs_all = emulates_all(command->config);
	return error ? error : places_add_host(data, "/");
}

/* All of a regular file, to be given to free(); NULL: that can't be read. */
static char *read_all(const char *host_path)
{
	/* What is no file may keep one waiting. */
	int fd = open(host_path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char *text = NULL;
	struct stat status;
	ssize_t size = -1;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &status) && !S_ISREG(status.st_mode))
		errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
	else if ((text = malloc((size_t)status.st_size + 1)))
		size = read(fd, text, (size_t)status.st_size);
	close(fd);
	if (size >= 0) {
		text[size] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

/* The text of GUEST_PATH, to be given to free(); "" where there is no such file. NULL: it can't be read. */
static char *read_guest_file(struct command *command, const char *guest_path)
{
	const char *host_path = host_path_of(command, guest_path);
	char *text = host_path ? read_all(host_path) : NULL;

	return text || (host_path && errno != ENOENT) ? text : strdup("");
}

static void free_text(char **text)
{
	free(*text);
}

/* A number that the image has no user of: its group is root's then, as with docker. */
static int find_number(struct command *command, const char *passwd, const char *group)
{
	const char *user = command->config->user;
	char wish[32];

	if (user[strspn(user, "0123456789")] || snprintf(wish, sizeof(wish), "%s:0", user) >= (int)sizeof(wish))
		return -EINVAL;
	return login_find(&command->login, wish, passwd, group);
}

static int find_login(struct command *command)
{
	char *passwd __attribute__((cleanup(free_text))) = read_guest_file(command, "/etc/passwd");
	char *group __attribute__((cleanup(free_text))) = passwd ? read_guest_file(command, "/etc/group") : NULL;
	int error;

	if (!group) {
		error = errno;
		message_error("can't read %s of the guest: %s", passwd ? "/etc/group" : "/etc/passwd", strerror(error));
		return -error;
	}
	error = login_find(&command->login, command->config->user, passwd, group);
	if (error && command->config->is_user_of_image)
		error = find_number(command, passwd, group);
	if (error)
		message_error("option '%s': %s", command->config->is_user_of_image ? "--oci" : "--user",
			      command->login.error);
	return error;
}

/* Real root becomes the user, in the kernel's eyes, and proot with it. */
static int become(const struct credentials *credentials)
{
	if (setgroups(credentials->group_count, credentials->groups) ||
	    setresgid(credentials->gid, credentials->gid, credentials->gid) ||
	    setresuid(credentials->uid, credentials->uid, credentials->uid) || prctl(PR_SET_DUMPABLE, 1)) {
		message_error("can't become user %u: %s", credentials->uid, strerror(errno));
		return -errno;
	}
	return 0;
}

/* Trees of archives lie where others may not look, as a rule. */
static int check_tree(const struct command *command)
{
	const struct config *config = command->config;
	int error = config->tree ? host_may_enter(config->tree) : 0;

	if (error)
		message_error("user %u may not enter '%s': %s. PROOT_CACHE_DIR names a directory that this user may "
			      "search, or -0 leaves it to root",
			      command->login.credentials.uid, config->tree, strerror(-error));
	return error;
}

/* As login(1) does. What is not known of the user is not that of who started proot either. */
static void set_login(struct environment *environment, const struct login *login)
{
	environment_set(environment, "HOME", login->home[0] ? login->home : "/");
	environment_set(environment, "SHELL", login->shell[0] ? login->shell : "/bin/sh");
	if (login->name[0]) {
		environment_set(environment, "USER", login->name);
		environment_set(environment, "LOGNAME", login->name);
	} else {
		environment_unset(environment, "USER");
		environment_unset(environment, "LOGNAME");
	}
}

static void set_image_variables(struct command *command)
{
	environment_apply(&command->environment, command->config->image_variables,
			  command->config->image_variable_count, environ);
}

/*
 * --user, or the image's: 0 or a negative errno after saying what is wrong. What the command line says of the
 * environment comes behind what the image says, and that behind what follows from its own user.
 */
static int choose_user(struct command *command)
{
	const struct config *config = command->config;
	int error = config->user ? find_login(command) : 0;

	if (error)
		return error;
	if (!config->is_user_of_image)
		set_image_variables(command);
	if (!config->user)
		return 0;
	set_login(&command->environment, &command->login);
	if (config->is_user_of_image)
		set_image_variables(command);
	if (!command->wants_identity) {
		error = become(&command->login.credentials);
		return error ? error : check_tree(command);
	}
	credentials_write(&command->login.credentials, command->credentials);
	return 0;
}

/* What is a virtual directory is so in the image's view. */
static int settle_cwd(struct command *command)
{
	const struct view *view = &command->image->view;
	int binding = view_find(view, command->guest_cwd, strlen(command->guest_cwd)), error;

	if (binding < 0 || !(view_binding(view, (uint32_t)binding)->flags & VIEW_VIRTUAL))
		return 0;
	error = enter_virtual(command, (uint32_t)binding);
	if (!error)
		return 0;
	message_warning("can't start in '%s': %s; starting in '/'", command->guest_cwd, strerror(-error));
	environment_set(&command->environment, "PWD", "/");
	return set_cwd(command, "/");
}

/* What was asked for comes last, and what follows from it. */
static int finish_environment(struct command *command)
{
	const struct config *config = command->config;
	const char *path;

	environment_apply(&command->environment, config->variables, config->variable_count, environ);
	path = environment_get(&command->environment, "PATH");
	command->path = path ? path : DEFAULT_PATH;
	return command->environment.has_failed ? -ENOMEM : 0;
}

/* The guest as the command finds it. Returns an exit status that ends proot when it is not 0. */
static int prepare_place(struct command *command)
{
	const struct config *config = command->config;

	environment_begin(&command->environment,
			  environment_source(config->variables, config->variable_count, environ));
	if (choose_emulator(command))
		return EXIT_WRONG_USAGE;
	if (choose_user(command))
		return EXIT_WRONG_USAGE;
	if (choose_cwd(command))
		return EXIT_OWN_FAILURE;
	return 0;
}

/* Everything else up to the start. */
static int prepare(struct command *command)
{
	int status;

	if (finish_environment(command)) {
		message_error("out of memory");
		return EXIT_OWN_FAILURE;
	}
	status = plan_command(command);
	if (status)
		return status;
	fill_settings(command);
	choose_system_v(command);
	if (open_logs(command))
		return EXIT_OWN_FAILURE;
	if (command->nest && nested_merge(command->nest, command->data, &command->image))
		return EXIT_OWN_FAILURE;
	if (settle_cwd(command))
		return EXIT_OWN_FAILURE;
	if (make_argv(command) || make_envp(command)) {
		message_error("out of memory");
		return EXIT_OWN_FAILURE;
	}
	print_configuration(command);
	return 0;
}

static void begin(struct command *command, const struct config *config, struct image_data *data)
{
	*command = (struct command){
		.config = config,
		.data = data,
		.image = data,
		.cwd_fd = -1,
		.guest.view = &data->view,
		.guest.guest_cwd = command->guest_cwd,
		.plan = { .operations = &host_plan_operations,
			  .program_fd = -1,
			  .interpreter_fd = -1,
			  .foreign_fd = -1 },
		.wants_identity = wants_identity(config),
		.name = config->command_count ? config->command[0] : "/bin/sh",
	};
}

int command_run(const struct config *config, struct image_data *data)
{
	struct command command __attribute__((cleanup(release)));
	int status;

	begin(&command, config, data);
	command.is_traced = wants_tracer(config);
	status = nested_find(&command.nest) ? EXIT_OWN_FAILURE : prepare_place(&command);
	if (!status)
		status = prepare(&command);
	return status ? status : start(&command);
}

int command_explain(const struct config *config, struct image_data *data)
{
	struct command command __attribute__((cleanup(release)));
	int status;

	begin(&command, config, data);
	status = prepare_place(&command);
	if (!status)
		status = route_explain(&data->view, command.guest_cwd, config->explained);
	return status < 0 ? EXIT_OWN_FAILURE : status;
}
