/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line as data. Parsing has no side effect: it reads no file but
 * through the one question its caller answers, prints nothing and never exits.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/base.h"
#include "image/kernel.h"

enum config_action { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION, CONFIG_CHECK_OWNERS, CONFIG_REPAIR_OWNERS };

enum config_engine { CONFIG_ENGINE_AUTO, CONFIG_ENGINE_SIGSYS };

/* A binding as it was asked for. */
struct binding_request {
	char *host;	      /* as written: may be relative or begin with $VARIABLE */
	char *guest;	      /* as written, without a final "!"; NULL: the same as HOST */
	bool is_optional;     /* no warning when HOST is missing */
	bool keeps_last_link; /* "!": a symbolic link at GUEST is covered, not followed */
};

struct config {
	enum config_action action;
	enum config_engine engine;
	const char *host_root;		  /* as written; NULL: none was given */
	const char *guest_cwd;		  /* as written; NULL: none was given */
	struct binding_request *bindings; /* in the order of the command line */
	size_t binding_count;
	size_t binding_room;
	uint32_t uid, gid; /* with HAS_IDENTITY */
	bool has_identity;
	bool forgets;
	const char *user; /* as written; NULL: none was given */
	struct kernel kernel;
	bool has_kernel;
	const char *emulator; /* as written; NULL: none was given */
	bool emulates_all;
	const char *checked; /* the directory of CONFIG_CHECK_OWNERS, as written */
	int verbosity;
	bool allows_unknown;
	bool kills_on_exit;
	bool is_patching_off;
	char *const *command; /* COMMAND_COUNT words; 0: the default command */
	int command_count;
	char error[512]; /* what is wrong, when options_parse() failed */
};

/*
 * Read the command line into CONFIG, whose VERBOSITY is where -v starts and
 * whose other members are zero. IS_DIRECTORY tells whether a path of the host
 * names a directory. Returns 0, or -EINVAL with CONFIG->error, or -ENOMEM.
 * CONFIG points into ARGV.
 */
int options_parse(struct config *config, int argc, char *const argv[], bool (*is_directory)(const char *host_path));

/* Give back what options_parse() allocated. */
void config_free(struct config *config);

#endif
