/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/command.h"

#include "cli/emulator.h"
#include "cli/explain.h"
#include "cli/host.h"
#include "cli/login.h"
#include "cli/message.h"
#include "engine/engine.h"
#include "cli/places.h"
#include "image/plan.h"
#include "image/shared.h"
#include "image/state.h"
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
	struct host_guest guest;
	struct plan plan;
	const char *name;	   /* as the user wrote it */
	const char *path;	   /* $PATH */
	char guest_cwd[PATH_SIZE]; /* canonical: "" is the root */
	char host_cwd[PATH_SIZE];
	char file[PATH_SIZE];  /* the command's file, as execve(2) would get it */
	const char *file_name; /* what is executed: FILE, or the shell for it */
	char state_numbers[STATE_NUMBERS_SIZE];
	const char *state_strings[STATE_STRINGS];
	bool wants_identity;
	struct login login; /* of --user */
	char credentials[CREDENTIALS_TEXT_SIZE];
	uint32_t foreign_at; /* struct state */
	const char **argv;
	const char **envp;
};

static void release(struct command *command)
{
	plan_close(&command->plan);
	free(command->argv);
	free(command->envp);
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

/* The host's name of a virtual directory is that of a descriptor, which execve closes. */
static int enter_virtual(struct command *command, const char *guest_path)
{
	int binding = view_find(&command->data->view, guest_path, strlen(guest_path));
	int fd = host_open_virtual((uint32_t)binding, command->data->temporary);

	if (fd >= 0)
		snprintf(command->host_cwd, sizeof(command->host_cwd), "/proc/self/fd/%d", fd);
	return MIN(fd, 0);
}

/* Make GUEST_PATH the initial directory. 0 or a negative errno. */
static int set_cwd(struct command *command, const char *guest_path)
{
	struct view_result *result = &command->guest.result;
	int error = (int)view_resolve(&command->data->view, &host_view_operations, "", guest_path, VIEW_FOLLOW,
				      &command->guest.scratch, result);

	if (error)
		return error;
	error = result->is_virtual ? enter_virtual(command, result->guest) : host_may_enter(result->host);
	if (error)
		return error;
	strcpy(command->guest_cwd, result->guest);
	if (!result->is_virtual)
		strcpy(command->host_cwd, result->host);
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
	const char *pwd = getenv("PWD");

	return pwd && *pwd == '/' &&
	       !view_resolve(&command->data->view, &host_view_operations, "", pwd, VIEW_FOLLOW, &command->guest.scratch,
			     &command->guest.result) &&
	       !strcmp(command->guest.result.guest, command->guest_cwd);
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
	else if (given || !is_pwd_right(command))
		setenv("PWD", shown(command->guest_cwd), 1);
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
	return !places_add_host(data);
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

static size_t count_words(char *const *words)
{
	size_t count = 0;

	while (words[count])
		count++;
	return count;
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

	for (char **at = environ; *at && found < ARRAY_SIZE(variables); at++)
		if (emulator_is_loader_variable(*at) && emulator_takes_variable(*at))
			variables[found++] = *at;
	count = emulator_front(command->plan.emulator, variables, found, getenv("LD_LIBRARY_PATH"), command->argv);
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

/* envp: the environment of proot, then the state for the image. */
static int make_envp(struct command *command)
{
	size_t count = count_words(environ);
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
		.cwd_mount = view_find_above(&command->data->view, command->guest_cwd, strlen(command->guest_cwd)) + 1,
	};

	command->envp = calloc(count + STATE_STRINGS + 2, sizeof(char *));
	if (!command->envp)
		return -ENOMEM;
	memcpy(command->envp, environ, count * sizeof(char *));
	if (wants_libraries(command)) {
		state.flags |= STATE_HOST_LIBRARIES;
		command->envp[count++] = command->data->emulator.library_path;
	}
	state_write(&state, command->state_numbers, command->state_strings);
	memcpy(command->envp + count, command->state_strings, sizeof(command->state_strings));
	return 0;
}

/* A descriptor for -v lines that guests inherit, out of the way of theirs; -1 where none is needed. */
static int open_log(int verbosity)
{
	struct rlimit limit;
	int high = 1000;

	if (verbosity < 2)
		return -1;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= (rlim_t)high)
		high = limit.rlim_cur > 32 ? (int)limit.rlim_cur - 16 : 3;
	return fcntl(STDERR_FILENO, F_DUPFD, high);
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

static void fill_settings(struct command *command)
{
	struct image_data *data = command->data;

	data->magic = IMAGE_MAGIC;
	data->flags = (command->config->allows_unknown ? IMAGE_ALLOW_UNKNOWN : 0) |
		      (is_patching_off(command->config) ? IMAGE_NO_PATCH : 0) |
		      (command->config->has_kernel ? IMAGE_KERNEL : 0) |
		      (command->wants_identity ? IMAGE_IDENTITY : 0) |
		      (command->wants_identity || !geteuid() ? IMAGE_PRIVILEGED : 0);
	data->mount_namespace = namespace_of("mnt");
	data->name_namespace = namespace_of("uts");
	data->identity = (struct identity){ .uid = command->config->uid,
					    .gid = command->config->gid,
					    .host_uid = geteuid(),
					    .host_gid = getegid(),
					    .forgets = command->wants_identity && command->config->forgets };
	data->kernel = command->config->kernel;
	data->verbosity = command->config->verbosity;
	data->log_fd = open_log(command->config->verbosity);
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
	message_info(1, "engine = sigsys%s", config->engine == CONFIG_ENGINE_AUTO ? " (auto)" : "");
	print_identity(command);
	print_switch("no-patch", is_patching_off(config));
	print_switch("allow-unknown-syscalls", config->allows_unknown);
	print_switch("kill-on-exit", config->kills_on_exit);
}

static int start(struct command *command)
{
	int image_fd __attribute__((cleanup(close_fd))) = -1;
	struct explain_place place = place_of(command);
	struct launch_failure failure;
	struct launch launch;
	int status;

	if (engine_is_nested()) {
		message_error("proot inside proot is not supported yet");
		return EXIT_OWN_FAILURE;
	}
	if (command->config->forgets && !command->wants_identity)
		message_warning("option '--forget' has no effect here: owners are the kernel's");
	fill_settings(command);
	shared_create(command->data);
	if (command->data->identity.forgets && command->data->identity.memory_id < 0) {
		message_error("there is no memory to be had that guests can share, which --forget needs");
		return EXIT_OWN_FAILURE;
	}
	image_fd = image_compose(command->data);
	if (image_fd < 0) {
		message_error("can't compose the image: %s", strerror(-image_fd));
		return EXIT_OWN_FAILURE;
	}
	launch = (struct launch){
		.image_fd = image_fd,
		.program_fd = command->plan.program_fd,
		.interpreter_fd = command->plan.interpreter_fd,
		.data = command->data,
		.host_cwd = command->host_cwd,
		.argv = (char *const *)command->argv,
		.envp = (char *const *)command->envp,
		.kills_on_exit = command->config->kills_on_exit,
	};
	status = supervisor_run(&launch, &failure);
	if (failure.stage != LAUNCH_NONE)
		return (int)explain_launch(&place, &launch, &failure);
	return status;
}

static void fill_temporary(struct image_data *data)
{
	const char *temporary = getenv("PROOT_TMP_DIR");

	if (temporary && *temporary == '/' && strlen(temporary) < sizeof(data->temporary))
		strcpy(data->temporary, temporary);
}

/* -q: 0 or a negative errno after saying what is wrong. */
static int choose_emulator(struct command *command)
{
	struct image_data *data = command->data;
	const char *wish = command->config->emulator;
	int error;

	if (!wish || !strcmp(wish, EMULATOR_OFF))
		return 0;
	error = emulator_read(&data->emulator, wish);
	data->emulator.runs_all = emulates_all(command->config);
	return error ? error : places_add_host(data);
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
	if (error)
		message_error("option '--user': %s", command->login.error);
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

/* As login(1) does. What is not known of the user is not that of who started proot either. */
static void set_environment(const struct login *login)
{
	setenv("HOME", login->home[0] ? login->home : "/", 1);
	setenv("SHELL", login->shell[0] ? login->shell : "/bin/sh", 1);
	if (login->name[0]) {
		setenv("USER", login->name, 1);
		setenv("LOGNAME", login->name, 1);
	} else {
		unsetenv("USER");
		unsetenv("LOGNAME");
	}
}

/* --user: 0 or a negative errno after saying what is wrong. */
static int choose_user(struct command *command)
{
	int error;

	if (!command->config->user)
		return 0;
	error = find_login(command);
	if (error)
		return error;
	set_environment(&command->login);
	if (!command->wants_identity)
		return become(&command->login.credentials);
	credentials_write(&command->login.credentials, command->credentials);
	return 0;
}

/* Everything up to the start; returns an exit status that ends proot when it is not 0. */
static int prepare(struct command *command)
{
	int status;

	fill_temporary(command->data);
	if (choose_emulator(command))
		return EXIT_WRONG_USAGE;
	if (choose_user(command))
		return EXIT_WRONG_USAGE;
	if (choose_cwd(command))
		return EXIT_OWN_FAILURE;
	status = plan_command(command);
	if (status)
		return status;
	if (make_argv(command) || make_envp(command)) {
		message_error("out of memory");
		return EXIT_OWN_FAILURE;
	}
	print_configuration(command);
	return 0;
}

int command_run(const struct config *config, struct image_data *data)
{
	struct command command __attribute__((cleanup(release))) = {
		.config = config,
		.data = data,
		.guest.view = &data->view,
		.guest.guest_cwd = command.guest_cwd,
		.plan = { .operations = &host_plan_operations,
			  .program_fd = -1,
			  .interpreter_fd = -1,
			  .foreign_fd = -1 },
		.wants_identity = wants_identity(config),
		.name = config->command_count ? config->command[0] : "/bin/sh",
		.path = getenv("PATH") ? getenv("PATH") : DEFAULT_PATH,
	};
	int status = prepare(&command);

	return status ? status : start(&command);
}
