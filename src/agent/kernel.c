/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/kernel.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/proc_copy.h"
#include "base/text.h"
#include <linux/utsname.h>

/* Files of one line each. */
static const struct {
	const char *path;
	enum kernel_name name;
} files[] = {
	{ "/proc/sys/kernel/ostype", KERNEL_SYSTEM },	  { "/proc/sys/kernel/hostname", KERNEL_NODE },
	{ "/proc/sys/kernel/osrelease", KERNEL_RELEASE }, { "/proc/sys/kernel/version", KERNEL_VERSION },
	{ "/proc/sys/kernel/domainname", KERNEL_DOMAIN },
};

/* linux_proc_banner, init/version.c: "SYSTEM version RELEASE (who and where) (compiler) VERSION". */
#define BANNER "/proc/version"

static const char *name_of(enum kernel_name name)
{
	return image_data()->kernel.names[name];
}

bool kernel_is_told_by(const char *host_path)
{
	if (!(image_data()->flags & IMAGE_KERNEL))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (text_equal(host_path, files[i].path))
			return name_of(files[i].name)[0];
	return text_equal(host_path, BANNER);
}

long handle_uname(struct call *call)
{
	struct new_utsname *names = (struct new_utsname *)call->slot->spare;
	char(*name)[KERNEL_NAME_SIZE] = (char(*)[KERNEL_NAME_SIZE])names;
	long status = GATE_1(NR_uname, names);

	_Static_assert(sizeof(*names) == KERNEL_NAMES * KERNEL_NAME_SIZE, "image/kernel.h");
	for (unsigned int i = 0; i < KERNEL_NAMES && !status; i++)
		if (name_of(i)[0])
			memcpy(name[i], name_of(i), KERNEL_NAME_SIZE);
	return status ? status : guest_write(call->arguments[0], names, sizeof(*names));
}

/* The end of the word that begins at AT. */
static char *end_of_word(char *at)
{
	while (*at && *at != ' ')
		at++;
	return at;
}

/* Behind the last parenthesis and a blank. */
static char *find_version(char *line)
{
	char *version = line;

	for (char *at = line; *at; at++)
		if (at[0] == ')' && at[1] == ' ')
			version = at + 2;
	return version;
}

static void add_name(struct copy *copy, enum kernel_name name, const char *own, const char *end)
{
	if (name_of(name)[0])
		text_add(&copy->out, name_of(name));
	else
		text_add_bytes(&copy->out, own, (size_t)(end - own));
}

static void make_banner(struct copy *copy, char *line)
{
	char *system_end = end_of_word(line), *release, *release_end, *version;

	if (!text_begins(system_end, " version ")) {
		text_add(&copy->out, line);
		return;
	}
	release = system_end + sizeof(" version ") - 1;
	release_end = end_of_word(release);
	version = MAX(find_version(line), release_end);
	add_name(copy, KERNEL_SYSTEM, line, system_end);
	text_add_bytes(&copy->out, system_end, (size_t)(release - system_end));
	add_name(copy, KERNEL_RELEASE, release, release_end);
	text_add_bytes(&copy->out, release_end, (size_t)(version - release_end));
	add_name(copy, KERNEL_VERSION, version, version + strlen(version));
}

void proc_make_kernel(struct copy *copy, const struct proc_file *file)
{
	char *line = copy_next_line(copy);

	(void)file;
	if (line && text_equal(copy->host_path, BANNER))
		make_banner(copy, line);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (text_equal(copy->host_path, files[i].path))
			text_add(&copy->out, name_of(files[i].name));
	copy_end_line(copy);
}
