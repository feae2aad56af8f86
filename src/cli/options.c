/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option parser, made from the rows of options.def.
 *
 * Values may be written "-r X", "-rX", "--rootfs X" and "--rootfs=X". Options
 * end at "--" or at the first word without a dash.
 */
#define _GNU_SOURCE 1
#include "cli/options.h"
#include "cli/kernel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option_row {
	const char *names; /* separated by blanks */
	const char *value; /* "" none, "[X]" may be left out */
	int (*apply)(struct config *config, const char *name, const char *value);
};

/* An option word taken apart: "-rX" and "--rootfs=X" bring their value along. */
struct option_word {
	char name[64];
	const char *value; /* NULL: not in this word */
};

static int __attribute__((format(printf, 2, 3))) fail(struct config *config, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(config->error, sizeof(config->error), format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int add_binding(struct config *config, struct binding_request request)
{
	if (!request.host)
		return -ENOMEM;
	if (config->binding_count == config->binding_room) {
		size_t room = 2 * config->binding_room + 32;
		void *grown = reallocarray(config->bindings, room, sizeof(request));

		if (!grown)
			return -ENOMEM;
		config->bindings = grown;
		config->binding_room = room;
	}
	config->bindings[config->binding_count++] = request;
	return 0;
}

/* The words of BLANK_SEPARATED as bindings of host paths at themselves. */
static int add_optional_bindings(struct config *config, const char *blank_separated)
{
	int error = 0;

	for (const char *word = blank_separated; *word && !error;) {
		size_t length = strcspn(word, " ");

		error = add_binding(config,
				    (struct binding_request){ .host = strndup(word, length), .is_optional = true });
		word += length + strspn(word + length, " ");
	}
	return error;
}

static int apply_rootfs(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->host_root = value;
	return 0;
}

static int apply_bind(struct config *config, const char *name, const char *value)
{
	struct binding_request request = { 0 };
	size_t host_length = strcspn(value, ":");
	size_t guest_length;

	if (!host_length)
		return fail(config, "option '%s': '%s' names no path of the host", name, value);
	if (value[host_length]) {
		const char *guest = value + host_length + 1;

		guest_length = strlen(guest);
		request.keeps_last_link = guest_length && guest[guest_length - 1] == '!';
		guest_length -= request.keeps_last_link;
		if (!guest_length)
			return fail(config, "option '%s': '%s' names no path of the guest", name, value);
		request.guest = strndup(guest, guest_length);
		if (!request.guest)
			return -ENOMEM;
	}
	request.host = strndup(value, host_length);
	return add_binding(config, request);
}

static int apply_recommended(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	return add_optional_bindings(config, "/etc/host.conf /etc/hosts /etc/hosts.equiv /etc/mtab /etc/netgroup "
					     "/etc/networks /etc/passwd /etc/group /etc/nsswitch.conf "
					     "/etc/resolv.conf /etc/localtime /dev /sys /proc /tmp $HOME");
}

static int apply_rootfs_recommended(struct config *config, const char *name, const char *value)
{
	int error = apply_rootfs(config, name, value);

	if (!error)
		error = apply_recommended(config, name, NULL);
	if (!error)
		error = add_optional_bindings(config, "/run /var/run/dbus/system_bus_socket");
	if (!error)
		error = add_binding(config, (struct binding_request){ .host = strdup(value), .is_optional = true });
	return error;
}

static int apply_cwd(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->guest_cwd = value;
	return 0;
}

static int apply_here(struct config *config, const char *name, const char *value)
{
	(void)value;
	config->guest_cwd = ".";
	return apply_bind(config, name, ".");
}

static int apply_qemu(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->emulator = value;
	return 0;
}

static int apply_qemu_recommended(struct config *config, const char *name, const char *value)
{
	int error = apply_qemu(config, name, value);

	return error ? error : apply_recommended(config, name, NULL);
}

static int apply_mixed_mode(struct config *config, const char *name, const char *value)
{
	static const char *const yes[] = { "true", "yes", "on", "1" }, *const no[] = { "false", "no", "off", "0" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcmp(value, yes[i]) && strcmp(value, no[i]))
			continue;
		config->emulates_all = !strcmp(value, no[i]);
		return 0;
	}
	return fail(config, "option '%s': '%s' is neither true nor false", name, value);
}

static int apply_kernel(struct config *config, const char *name, const char *value)
{
	const char *wrong = kernel_read(&config->kernel, value);

	config->has_kernel = true;
	return wrong ? fail(config, "option '%s': '%.200s': %s", name, value, wrong) : 0;
}

static int apply_forget(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->forgets = true;
	return 0;
}

static int apply_root_id(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->uid = config->gid = 0;
	config->has_identity = true;
	return 0;
}

/* A number that can be a user's: (uid_t)-1 can't. END gets what is behind it. */
static bool read_id(const char *text, uint32_t *id, const char **end)
{
	char *behind;
	unsigned long number;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	number = strtoul(text, &behind, 10);
	*id = (uint32_t)number;
	*end = behind;
	return !errno && number < UINT32_MAX;
}

static int apply_change_id(struct config *config, const char *name, const char *value)
{
	const char *at = value;

	if (!read_id(at, &config->uid, &at) || *at++ != ':' || !read_id(at, &config->gid, &at) || *at)
		return fail(config, "option '%s': '%.200s' is not USER:GROUP, two numbers", name, value);
	config->has_identity = true;
	return 0;
}

static int apply_user(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->user = value;
	config->has_identity = true;
	return 0;
}

static int apply_rootfs_root(struct config *config, const char *name, const char *value)
{
	int error = apply_rootfs(config, name, value);

	if (!error)
		error = apply_root_id(config, name, NULL);
	if (!error)
		error = add_optional_bindings(config, "/etc/host.conf /etc/hosts /etc/nsswitch.conf /etc/resolv.conf "
						      "/dev /sys /proc /tmp /run/shm $HOME");
	if (!error)
		error = add_binding(config, (struct binding_request){ .host = strdup(value), .is_optional = true });
	return error;
}

static int apply_kill_on_exit(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->kills_on_exit = true;
	return 0;
}

static int apply_allow_unknown(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->allows_unknown = true;
	return 0;
}

static int apply_engine(struct config *config, const char *name, const char *value)
{
	if (!strcmp(value, "auto"))
		config->engine = CONFIG_ENGINE_AUTO;
	else if (!strcmp(value, "sigsys"))
		config->engine = CONFIG_ENGINE_SIGSYS;
	else if (!strcmp(value, "ptrace"))
		return fail(config, "option '%s': 'ptrace' is not available yet", name);
	else
		return fail(config, "option '%s': '%s' is neither auto nor sigsys", name, value);
	return 0;
}

static int apply_no_patch(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->is_patching_off = true;
	return 0;
}

/* Whether TEXT is an integer of a few digits, perhaps negative. */
static bool is_integer(const char *text)
{
	size_t digits;

	text += *text == '-';
	digits = strspn(text, "0123456789");
	return digits && digits < 9 && !text[digits];
}

static int apply_verbose(struct config *config, const char *name, const char *value)
{
	if (!value)
		config->verbosity++;
	else if (is_integer(value))
		config->verbosity = atoi(value);
	else if (*value && strspn(value, "v") == strlen(value))
		config->verbosity += 1 + (int)strlen(value); /* -vv */
	else
		return fail(config, "option '%s': '%s' is not a number", name, value);
	return 0;
}

static int apply_check_owners(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->action = CONFIG_CHECK_OWNERS;
	config->checked = value;
	return 0;
}

static int apply_repair_owners(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->action = CONFIG_REPAIR_OWNERS;
	config->checked = value;
	return 0;
}

static int apply_help(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->action = CONFIG_HELP;
	return 0;
}

static int apply_version(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->action = CONFIG_VERSION;
	return 0;
}

static const struct option_row option_rows[] = {
#define GROUP(title)
#define OPTION(apply, names, value, kind, summary, detail) { names, value, apply_##apply },
#define LATER(names) { names, "", NULL },
#include "cli/options.def"
#undef GROUP
#undef OPTION
#undef LATER
};

/* Copy the next of the blank-separated names at *CURSOR; false when there is none left. */
static bool next_name(const char **cursor, char name[static 64])
{
	size_t length = strcspn(*cursor, " ");

	if (!length)
		return false;
	snprintf(name, 64, "%.*s", (int)length, *cursor);
	*cursor += length + strspn(*cursor + length, " ");
	return true;
}

static bool row_has_name(const struct option_row *row, const char *name)
{
	const char *cursor = row->names;
	char candidate[64];

	while (next_name(&cursor, candidate))
		if (!strcmp(candidate, name))
			return true;
	return false;
}

static const struct option_row *find_row(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++)
		if (row_has_name(&option_rows[i], name))
			return &option_rows[i];
	return NULL;
}

/* How many letters must be added, removed or changed to make A into B (of less than 64 letters). */
static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int row[64];
	size_t width = strlen(b);

	for (unsigned int j = 0; j <= width; j++)
		row[j] = j;
	for (unsigned int i = 0; a[i]; i++) {
		unsigned int diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 1; j <= width; j++) {
			unsigned int change = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(change, 1 + MIN(diagonal, row[j - 1]));
		}
	}
	return row[width];
}

/* The option name nearest to NAME, written to NEAREST; false when none is near. */
static bool find_nearest(const char *name, char nearest[static 64])
{
	unsigned int best = 1 + (unsigned int)strlen(name) / 3;
	bool is_found = false;

	for (size_t i = 0; i < ARRAY_SIZE(option_rows); i++) {
		const char *cursor = option_rows[i].names;
		char candidate[64];

		while (option_rows[i].apply && next_name(&cursor, candidate)) {
			unsigned int distance = edit_distance(name, candidate);

			if (candidate[1] != '-' || distance >= best)
				continue;
			best = distance;
			strcpy(nearest, candidate);
			is_found = true;
		}
	}
	return is_found;
}

static int fail_unknown(struct config *config, const char *name)
{
	char nearest[64];

	if (find_nearest(name, nearest))
		return fail(config, "unknown option '%s', did you mean '%s'?", name, nearest);
	return fail(config, "unknown option '%s'", name);
}

/* A name too long to be any option's is cut: it is only good for the error message then. */
static struct option_word take_apart(const char *word)
{
	struct option_word parts = { .value = NULL };
	bool is_long = word[1] == '-';
	size_t length = is_long ? strcspn(word, "=") : strnlen(word, 2);

	if (word[length])
		parts.value = word + length + is_long;
	snprintf(parts.name, sizeof(parts.name), "%.*s", (int)MIN(length, sizeof(parts.name)), word);
	return parts;
}

/*
 * Apply the option ARGV[0]; NEXT is the word behind it or NULL. Returns how
 * many words it took, or a negative errno.
 */
static int parse_option(struct config *config, const char *word, const char *next)
{
	struct option_word parts = take_apart(word);
	const struct option_row *row = find_row(parts.name);
	int taken = 1;
	int error;

	if (!row)
		return fail_unknown(config, parts.name);
	if (!row->apply)
		return fail(config, "option '%s' is not supported yet", parts.name);
	if (!*row->value && parts.value)
		return fail(config, "option '%s' takes no value, but got '%s'", parts.name, parts.value);
	if (*row->value && !parts.value && next && (*row->value != '[' || is_integer(next))) {
		parts.value = next;
		taken = 2;
	}
	if (*row->value && *row->value != '[' && !parts.value)
		return fail(config, "option '%s' needs a value: %s", parts.name, row->value);
	if (*row->value && parts.value && !*parts.value)
		return fail(config, "option '%s' has an empty value: it needs %s", parts.name, row->value);
	error = row->apply(config, parts.name, parts.value);
	return error ? error : taken;
}

int options_parse(struct config *config, int argc, char *const argv[], bool (*is_directory)(const char *host_path))
{
	int i = 1;

	while (i < argc && argv[i][0] == '-' && config->action == CONFIG_RUN) {
		int taken;

		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		taken = parse_option(config, argv[i], argv[i + 1]);
		if (taken < 0)
			return taken;
		i += taken;
	}
	if (i < argc && !config->host_root && is_directory(argv[i])) {
		config->host_root = argv[i++];
		i += i < argc && !strcmp(argv[i], "--");
	}
	config->command = argv + MIN(i, argc);
	config->command_count = argc - MIN(i, argc);
	return 0;
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->binding_count; i++) {
		free(config->bindings[i].host);
		free(config->bindings[i].guest);
	}
	free(config->bindings);
}
