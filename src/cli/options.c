/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option parser, made from the rows of options.def.
 *
 * Values may be written "-r X", "-rX", "--rootfs X" and "--rootfs=X". Options
 * end at "--" or at the first word that begins neither with a dash nor with "@".
 */
#define _GNU_SOURCE 1
#include "cli/options.h"
#include "cli/kernel.h"
#include "cli/profile.h"
#include "cli/ports.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a value is, as to paths. */
enum option_kind { KIND_NONE, KIND_FILE, KIND_DIRECTORY, KIND_PATH, KIND_WORDS, KIND_OPTIONS };

struct option_row {
	const char *names; /* separated by blanks */
	const char *value; /* "" none, "[X]" may be left out */
	enum option_kind kind;
	int (*apply)(struct config *config, const char *name, const char *value);
};

/* Where a profile has been read to. */
struct options_profile {
	const struct options_profile *outer; /* the one that names it */
	const char *file;
	unsigned int line;
};

/* An option word taken apart: "-rX" and "--rootfs=X" bring their value along. */
struct option_word {
	char name[64];
	const char *value; /* NULL: not in this word */
};

static int __attribute__((format(printf, 2, 3))) fail(struct config *config, const char *format, ...)
{
	const struct options_profile *profile = config->profile;
	size_t length = 0;
	va_list arguments;

	if (profile)
		length = (size_t)snprintf(config->error, sizeof(config->error), "%.200s:%u: ", profile->file,
					  profile->line);
	va_start(arguments, format);
	vsnprintf(config->error + length, sizeof(config->error) - length, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* Have TEXT, which was allocated, stay as long as CONFIG. NULL: no memory, also where TEXT is. */
static char *keep(struct config *config, char *text)
{
	if (text && config->text_count == config->text_room) {
		size_t room = 2 * config->text_room + 32;
		void *grown = reallocarray(config->texts, room, sizeof(char *));

		if (!grown) {
			free(text);
			return NULL;
		}
		config->texts = grown;
		config->text_room = room;
	}
	if (text)
		config->texts[config->text_count++] = text;
	return text;
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
	config->bindings_before_root = config->binding_count;
	return 0;
}

static int apply_oci(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->honours_image = true;
	config->image_name = value;
	return 0;
}

/* Take MODE, behind a place of LENGTH bytes, away: whether it was there. */
static bool take_mode(const char *guest, size_t *length, const char *mode)
{
	size_t mode_length = strlen(mode);

	if (*length < mode_length || strncmp(guest + *length - mode_length, mode, mode_length))
		return false;
	*length -= mode_length;
	return true;
}

/* Add the binding of VALUE: HOST[:GUEST[!][:ro]]. */
static int bind_place(struct config *config, const char *name, const char *value, bool is_read_only)
{
	struct binding_request request = { .is_read_only = is_read_only };
	size_t host_length = strcspn(value, ":");
	size_t guest_length;

	if (!host_length)
		return fail(config, "option '%s': '%s' names no path of the host", name, value);
	if (value[host_length]) {
		const char *guest = value + host_length + 1;

		guest_length = strlen(guest);
		if (take_mode(guest, &guest_length, ":ro"))
			request.is_read_only = true;
		else if (take_mode(guest, &guest_length, ":rw"))
			request.is_read_only = false;
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

static int apply_bind(struct config *config, const char *name, const char *value)
{
	return bind_place(config, name, value, false);
}

static int apply_ro_bind(struct config *config, const char *name, const char *value)
{
	return bind_place(config, name, value, true);
}

static int apply_tmpfs(struct config *config, const char *name, const char *value)
{
	struct binding_request request = { .is_temporary = true, .host = strdup(value), .guest = strdup(value) };

	(void)name;
	if (!request.guest) {
		free(request.host);
		return -ENOMEM;
	}
	return add_binding(config, request);
}

static int apply_overlay(struct config *config, const char *name, const char *value)
{
	const char *guest = strrchr(value, ':');
	const char *upper = guest ? memrchr(value, ':', (size_t)(guest - value)) : NULL;
	struct binding_request request = { .is_overlay = true };

	if (!upper || upper == value || upper + 1 == guest || !guest[1])
		return fail(config, "option '%s': '%s' is not LOWER[:LOWER...]:UPPER:GUEST", name, value);
	request.host = strndup(value, (size_t)(guest - value));
	request.guest = strdup(guest + 1);
	if (!request.guest) {
		free(request.host);
		return -ENOMEM;
	}
	return add_binding(config, request);
}

static int apply_ephemeral(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->is_ephemeral = true;
	return 0;
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
	const char *wrong = kernel_read(&config->kernel, value, &config->cuts_kernel);

	config->has_kernel = true;
	return wrong ? fail(config, "option '%s': '%.200s': %s", name, value, wrong) : 0;
}

static int apply_hostname(struct config *config, const char *name, const char *value)
{
	config->hostname = value;
	return strlen(value) < KERNEL_NAME_SIZE ?
		       0 :
		       fail(config, "option '%s': '%.200s': it has more than 64 bytes", name, value);
}

static int add_variable(struct config *config, enum environment_action action, const char *word)
{
	if (config->variable_count == config->variable_room) {
		size_t room = 2 * config->variable_room + 16;
		void *grown = reallocarray(config->variables, room, sizeof(*config->variables));

		if (!grown)
			return -ENOMEM;
		config->variables = grown;
		config->variable_room = room;
	}
	config->variables[config->variable_count++] = (struct environment_request){ action, word };
	return 0;
}

static int apply_env(struct config *config, const char *name, const char *value)
{
	if (*value == '=')
		return fail(config, "option '%s': '%.200s' names no variable", name, value);
	return add_variable(config, ENVIRONMENT_SET, value);
}

static int apply_unset_env(struct config *config, const char *name, const char *value)
{
	if (strchr(value, '='))
		return fail(config, "option '%s': '%.200s' is not the name of a variable", name, value);
	return add_variable(config, ENVIRONMENT_UNSET, value);
}

static int apply_clear_env(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	return add_variable(config, ENVIRONMENT_CLEAR, "");
}

static int apply_port(struct config *config, const char *name, const char *value)
{
	const char *wrong = NULL;

	if (!value)
		config->ports.raises = true;
	else
		wrong = ports_read(&config->ports, value);
	return wrong ? fail(config, "option '%s': '%.200s': %s", name, value, wrong) : 0;
}

static int apply_netcoop(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->ports.cooperates = true;
	return 0;
}

static int apply_forget(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->forgets = true;
	return 0;
}

static int apply_links(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->links = true;
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

static int apply_system_v(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->wants_system_v = true;
	return 0;
}

/* What other PRoots have to be asked for. */
static int apply_always(struct config *config, const char *name, const char *value)
{
	(void)config;
	(void)name;
	(void)value;
	return 0;
}

bool options_read_engine(struct config *config, const char *value)
{
	static const char *const names[] = {
		[CONFIG_ENGINE_AUTO] = "auto", [CONFIG_ENGINE_SIGSYS] = "sigsys", [CONFIG_ENGINE_PTRACE] = "ptrace"
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(value, names[i]))
			continue;
		config->engine = (enum config_engine)i;
		return true;
	}
	return false;
}

static int apply_engine(struct config *config, const char *name, const char *value)
{
	return options_read_engine(config, value) ?
		       0 :
		       fail(config, "option '%s': '%s' is none of auto, sigsys and ptrace", name, value);
}

static int apply_no_patch(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->is_patching_off = true;
	return 0;
}

static int apply_trace_agent(struct config *config, const char *name, const char *value)
{
	(void)name;
	(void)value;
	config->is_agent_traced = true;
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

static int fail_to_read(struct config *config, const char *file, int error);
static int read_profile(struct config *config, const char *file, char *text);

static int apply_config(struct config *config, const char *name, const char *value)
{
	char *text;
	int error = config->host->read_text(value, &text);

	(void)name;
	return error ? fail_to_read(config, value, error) : read_profile(config, value, text);
}

static int apply_doctor(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->action = CONFIG_DOCTOR;
	config->checked = value;
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

static int apply_show(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->shows = true;
	config->shown_to = value;
	return 0;
}

static int apply_explain(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->action = CONFIG_EXPLAIN;
	config->explained = value;
	return 0;
}

static int find_helped(struct config *config, const char *name);
static int apply_check_links(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->action = CONFIG_CHECK_LINKS;
	config->checked = value;
	return 0;
}

static int apply_repair_links(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->action = CONFIG_REPAIR_LINKS;
	config->checked = value;
	return 0;
}

static int apply_flatten_links(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->action = CONFIG_FLATTEN_LINKS;
	config->checked = value;
	return 0;
}

static int apply_help(struct config *config, const char *name, const char *value)
{
	(void)name;
	config->action = CONFIG_HELP;
	return value ? find_helped(config, value) : 0;
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
#define OPTION(apply, names, value, kind, summary, detail) { names, value, KIND_##kind, apply_##apply },
#define LATER(names) { names, "", KIND_NONE, NULL },
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

/* The option that is called NAME, with or without its dashes. */
static int find_helped(struct config *config, const char *name)
{
	const struct option_row *row = NULL;
	char dashed[64] = "";

	for (const char *dashes = "--"; !row && strlen(name) < 60; dashes++) {
		snprintf(dashed, sizeof(dashed), "%s%s", dashes, name);
		row = find_row(dashed);
		if (!*dashes)
			break;
	}
	if (!row || !row->apply) {
		snprintf(dashed, sizeof(dashed), "%s%.60s", *name == '-' ? "" : "--", name);
		return fail_unknown(config, dashed);
	}
	config->helped = row->names;
	return 0;
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

/* What is wrong with VARIABLES, or for want of memory. */
static int fail_to_expand(struct config *config, const struct profile_variables *variables)
{
	if (!variables->missing)
		return -ENOMEM;
	if (!variables->length)
		return fail(config, "a quotation mark is left open");
	return fail(config, "the variable '%.*s' is not set", (int)MIN(variables->length, 200), variables->missing);
}

/* How many paths a value may have, as its row says: HOST[:GUEST] two. What is not in capitals is none. */
static unsigned int count_paths(const char *value)
{
	unsigned int count = 1;

	for (const char *at = value; *at; at++)
		count += *at == ':' && at[1] >= 'A' && at[1] <= 'Z';
	return strstr(value, "...") ? UINT_MAX : count;
}

/* VALUE of ROW as the line of a profile means it: with variables, and paths from where that is. NULL after an error. */
static const char *read_value(struct config *config, const struct option_row *row, const char *value, int *error)
{
	struct profile_variables variables = { .get = config->host->variable };
	char *text = keep(config, profile_expand(value, &variables));

	*error = text ? 0 : fail_to_expand(config, &variables);
	if (text && (row->kind == KIND_FILE || row->kind == KIND_DIRECTORY || row->kind == KIND_PATH)) {
		text = keep(config, profile_make_absolute(text, row->kind == KIND_FILE ? count_paths(row->value) : 0,
							  config->profile->file, config->host->variable("HOME")));
		*error = text ? 0 : -ENOMEM;
	}
	return text;
}

/* Whether NEXT, behind the option ROW, is its value where that may be left out: a number, or ports. */
static bool takes_next(const struct option_row *row, const char *next)
{
	return strchr(row->value, ':') ? ports_is_value(next) : !strcmp(row->value, "[N]") && is_integer(next);
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
	int error = 0;

	if (!row)
		return fail_unknown(config, parts.name);
	if (!row->apply)
		return fail(config, "option '%s' is not supported yet", parts.name);
	if (!*row->value && parts.value)
		return fail(config, "option '%s' takes no value, but got '%s'", parts.name, parts.value);
	if (*row->value && !parts.value && next && (*row->value != '[' || takes_next(row, next))) {
		parts.value = next;
		taken = 2;
	}
	if (*row->value && *row->value != '[' && !parts.value)
		return fail(config, "option '%s' needs a value: %s", parts.name, row->value);
	if (*row->value && parts.value && !*parts.value)
		return fail(config, "option '%s' has an empty value: it needs %s", parts.name, row->value);
	if (config->profile && parts.value)
		parts.value = read_value(config, row, parts.value, &error);
	if (!error)
		error = row->apply(config, parts.name, parts.value);
	return error ? error : taken;
}

static int fail_to_read(struct config *config, const char *file, int error)
{
	return fail(config, "can't read the profile '%.200s': %s", file,
		    error == -EILSEQ ? "it is no text" : strerror(-error));
}

static int fail_to_find(struct config *config, const char *name, char *const places[PROFILE_PLACES])
{
	char list[300] = "";

	for (size_t i = 0; i < PROFILE_PLACES; i++)
		if (places[i])
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", *list ? " nor " : "",
				 places[i]);
	return fail(config, "there is no profile '%.100s': neither %s", name, list);
}

/* The profile called NAME, in the first of its places. */
static int read_named_profile(struct config *config, const char *name)
{
	char *places[PROFILE_PLACES], *text;
	bool has_memory = true;

	if (!*name || *name == '.' || strchr(name, '/'))
		return fail(config, "'@%.200s' names no profile: --config takes the path of a file", name);
	has_memory = profile_find_places(name, config->host->variable, places);
	for (size_t i = 0; i < PROFILE_PLACES; i++)
		has_memory &= !places[i] || (places[i] = keep(config, places[i]));
	if (!has_memory)
		return -ENOMEM;
	for (size_t i = 0; i < PROFILE_PLACES; i++) {
		int error = places[i] ? config->host->read_text(places[i], &text) : -ENOENT;

		if (!error)
			return read_profile(config, places[i], text);
		if (error != -ENOENT && error != -ENOTDIR)
			return fail_to_read(config, places[i], error);
	}
	return fail_to_find(config, name, places);
}

/* The words of LINE are the command where the command line has none. */
static int read_command(struct config *config, const char *line)
{
	struct profile_variables variables = { .get = config->host->variable };
	char **words = (char **)keep(config, calloc(strlen(line) / 2 + 2, sizeof(char *))), *word;
	int count = 0;

	if (!words)
		return -ENOMEM;
	while ((word = profile_take_word(&line, &variables))) {
		words[count++] = keep(config, word);
		if (!words[count - 1])
			return -ENOMEM;
	}
	if (variables.missing || *line)
		return fail_to_expand(config, &variables);
	config->profile_command = words;
	config->profile_command_count = count;
	return 0;
}

static int read_line(struct config *config, const char *line)
{
	char *word;
	int taken;

	if (*line == '@')
		return read_named_profile(config, line + 1);
	if (!strncmp(line, "--", 2) && (!line[2] || line[2] == ' ' || line[2] == '\t'))
		return read_command(config, line + 2);
	word = keep(config, profile_make_word(line));
	if (!word)
		return -ENOMEM;
	taken = parse_option(config, word, NULL);
	return MIN(taken, 0);
}

static unsigned int depth_of(const struct options_profile *profile)
{
	return profile ? 1 + depth_of(profile->outer) : 0;
}

/* Obey FILE, whose text is TEXT, and give that back. */
static int read_profile(struct config *config, const char *file, char *text)
{
	struct options_profile profile = { .outer = config->profile, .file = file };
	char *at = text, *line;
	int error = 0;

	if (depth_of(config->profile) == PROFILE_DEPTH_MOST)
		error = fail(config, "profiles name each other too deep: '%.200s'", file);
	else
		config->profile = &profile;
	while (!error && (line = profile_next_line(&at, &profile.line)))
		error = read_line(config, line);
	config->profile = profile.outer;
	free(text);
	return error;
}

/* Whether other options have no meaning for ACTION. */
static bool ends_parsing(enum config_action action)
{
	return action != CONFIG_RUN && action != CONFIG_EXPLAIN;
}

/* Take the words up to the command. Returns the index of the first that is not an option, or a negative errno. */
static int parse_words(struct config *config, int argc, char *const argv[])
{
	int i = 1;

	while (i < argc && (argv[i][0] == '-' || argv[i][0] == '@') && !ends_parsing(config->action)) {
		int error = 0, taken = 1;

		if (!strcmp(argv[i], "--"))
			return i + 1;
		if (argv[i][0] == '@')
			error = read_named_profile(config, argv[i] + 1);
		else
			taken = parse_option(config, argv[i], argv[i + 1]);
		if (error || taken < 0)
			return MIN(error, taken);
		i += taken;
	}
	return i;
}

int options_parse(struct config *config, int argc, char *const argv[], const struct options_host *host)
{
	int i;

	config->host = host;
	i = parse_words(config, argc, argv);
	if (i < 0)
		return i;
	if (i < argc && !config->host_root && host->is_directory(argv[i])) {
		config->host_root = argv[i++];
		i += i < argc && !strcmp(argv[i], "--");
	}
	config->command = argv + MIN(i, argc);
	config->command_count = argc - MIN(i, argc);
	if (!config->command_count && config->profile_command_count) {
		config->command = config->profile_command;
		config->command_count = config->profile_command_count;
	}
	return 0;
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->binding_count; i++) {
		free(config->bindings[i].host);
		free(config->bindings[i].guest);
	}
	free(config->bindings);
	free(config->variables);
	for (size_t i = 0; i < config->text_count; i++)
		free(config->texts[i]);
	free(config->texts);
	free(config->tree);
	free(config->image);
	free(config->image_command);
	free(config->image_variables);
}
