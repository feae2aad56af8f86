/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command: options, view, start. Every exit of proot passes through here.
 */
#define _GNU_SOURCE 1
#include "cli/archive.h"
#include "cli/check.h"
#include "cli/check_hardlinks.h"
#include "cli/command.h"
#include "cli/doctor.h"
#include "cli/explain.h"
#include "cli/help.h"
#include "cli/host.h"
#include "cli/message.h"
#include "cli/options.h"
#include "cli/places.h"
#include "supervisor/leftovers.h"
#include "engine/nest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void free_data(struct image_data **data)
{
	free(*data);
}

/*
 * Keep 0, 1 and 2 from being used for something else when they are closed. The
 * guest gets them closed, as they were.
 */
static void occupy_standard_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* The level -v starts from; false when that is no number. */
static bool read_default_verbosity(int *verbosity)
{
	const char *wish = getenv("PROOT_VERBOSE");
	char *end;
	long level;

	if (!wish)
		return true;
	level = strtol(wish, &end, 10);
	if (*end || level < INT_MIN || level > INT_MAX)
		return false;
	*verbosity = (int)level;
	return true;
}

/* The engine that --engine may replace. */
static void read_default_engine(struct config *config)
{
	const char *wish = getenv("PROOT_ENGINE");

	if (wish && *wish && !options_read_engine(config, wish))
		message_warning("PROOT_ENGINE: '%s' is none of auto, sigsys and ptrace", wish);
}

static int run(struct config *config)
{
	struct image_data *data __attribute__((cleanup(free_data))) = NULL;
	int error, status;

	/* The agent finds descriptors and the image there. */
	if (!host_has_proc() && !nest_is_guest()) {
		message_error("/proc is not mounted on this machine, and guests can't run without it");
		return EXIT_WRONG_USAGE;
	}
	error = host_check_openat2();
	if (error) {
		message_error("openat2(2) is refused here (%s), and guests can't run without it: it takes Linux 5.6, "
			      "and in a "
			      "container a seccomp profile that knows it",
			      strerror(-error));
		return EXIT_WRONG_USAGE;
	}
	if (archive_settle(config))
		return EXIT_WRONG_USAGE;
	error = places_build(config, &data);
	if (error)
		status = error == -ENOMEM ? EXIT_OWN_FAILURE : EXIT_WRONG_USAGE;
	else
		status = config->action == CONFIG_EXPLAIN ? command_explain(config, data) : command_run(config, data);
	leftovers_drop();
	return status;
}

static int act(struct config *config)
{
	switch (config->action) {
	case CONFIG_HELP:
		return (config->helped ? help_print_option(config->helped) : help_print()) ? EXIT_WRONG_USAGE : 0;
	case CONFIG_VERSION:
		return version_print() ? EXIT_WRONG_USAGE : 0;
	case CONFIG_CHECK_OWNERS:
		return check_owners(config->checked, false);
	case CONFIG_REPAIR_OWNERS:
		return check_owners(config->checked, true);
	case CONFIG_DOCTOR:
		return doctor_run(config);
	case CONFIG_CHECK_LINKS:
		return hardlinks_check(config->checked, HARDLINKS_CHECK);
	case CONFIG_REPAIR_LINKS:
		return hardlinks_check(config->checked, HARDLINKS_REPAIR);
	case CONFIG_FLATTEN_LINKS:
		return hardlinks_check(config->checked, HARDLINKS_FLATTEN);
	case CONFIG_RUN:
	case CONFIG_EXPLAIN:
		break;
	}
	return run(config);
}

int main(int argc, char *argv[])
{
	struct config config __attribute__((cleanup(config_free))) = { 0 };
	bool is_level_good = read_default_verbosity(&config.verbosity);
	int error;

	occupy_standard_descriptors();
	setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* a message is one write */
	read_default_engine(&config);
	error = options_parse(&config, argc, argv, &host_for_options);
	message_set_level(config.verbosity);
	if (!is_level_good)
		message_warning("PROOT_VERBOSE: '%s' is not a number", getenv("PROOT_VERBOSE"));
	if (error == -EINVAL) {
		message_error("%s", config.error);
		message_see_help();
		return EXIT_WRONG_USAGE;
	}
	if (error) {
		message_error("out of memory");
		return EXIT_OWN_FAILURE;
	}
	return act(&config);
}
