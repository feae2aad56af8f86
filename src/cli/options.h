/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line as data, with the profiles it names. Parsing has no side effect: it reads no file but
 * through the questions its caller answers, prints nothing and never exits.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/base.h"
#include "cli/environment.h"
#include "image/kernel.h"
#include "image/ports.h"

enum config_action {
	CONFIG_RUN,
	CONFIG_HELP,
	CONFIG_VERSION,
	CONFIG_CHECK_OWNERS,
	CONFIG_REPAIR_OWNERS,
	CONFIG_CHECK_LINKS,
	CONFIG_REPAIR_LINKS,
	CONFIG_FLATTEN_LINKS,
	CONFIG_EXPLAIN,
	CONFIG_DOCTOR,
};

enum config_engine { CONFIG_ENGINE_AUTO, CONFIG_ENGINE_SIGSYS, CONFIG_ENGINE_PTRACE };

/* A binding as it was asked for. */
struct binding_request {
	char *host;	  /* as written: may be relative or begin with $VARIABLE */
	char *guest;	  /* as written, without a final "!"; NULL: the same as HOST */
	bool is_optional; /* no warning when HOST is missing */
	bool is_read_only;
	bool is_overlay;      /* HOST is LOWER[:LOWER...]:UPPER; with IS_TEMPORARY, LOWER only */
	bool is_temporary;    /* --tmpfs: HOST is an empty directory that is yet to be made */
	bool keeps_last_link; /* "!": a symbolic link at GUEST is covered, not followed */
};

struct config {
	enum config_action action;
	enum config_engine engine;	  /* may be set before options_parse() */
	const char *host_root;		  /* as written; NULL: none was given */
	size_t bindings_before_root;	  /* how many of BINDINGS an option in front of that of HOST_ROOT asked for */
	const char *guest_cwd;		  /* as written; NULL: none was given */
	bool honours_image;		  /* --oci */
	const char *image_name;		  /* its value; NULL: none was given */
	struct binding_request *bindings; /* in the order of the command line */
	size_t binding_count;
	size_t binding_room;
	uint32_t uid, gid; /* with HAS_IDENTITY */
	bool has_identity;
	bool forgets;
	bool links;
	bool is_ephemeral;
	const char *user; /* as written; NULL: none was given */
	struct kernel kernel;
	bool has_kernel;
	bool cuts_kernel;		       /* a name in KERNEL was longer */
	const char *hostname;		       /* of less than KERNEL_NAME_SIZE bytes; NULL: none was given */
	struct environment_request *variables; /* in the order of the command line */
	size_t variable_count;
	size_t variable_room;
	struct ports ports;
	const char *emulator; /* as written; NULL: none was given */
	bool emulates_all;
	const char *helped;    /* the names of the option CONFIG_HELP is about, as its row has them; NULL: all */
	const char *explained; /* the guest path of CONFIG_EXPLAIN, as written */
	const char
		*checked; /* the directory of CONFIG_CHECK_OWNERS and its kind, as written; of CONFIG_DOCTOR, or NULL */
	int verbosity;
	bool allows_unknown;
	bool kills_on_exit;
	bool is_patching_off;
	bool is_agent_traced; /* --trace-agent */
	bool wants_system_v;
	bool shows;	      /* --trace */
	const char *shown_to; /* its file, as written; NULL: stderr */
	char *const *command; /* COMMAND_COUNT words; 0: the default command */
	int command_count;
	char error[512]; /* what is wrong, when options_parse() failed */
	/* Of options_parse(): */
	const struct options_host *host;
	const struct options_profile *profile; /* the one being read; NULL: it is the command line */
	char **texts;			       /* what the members point to that is not in ARGV */
	size_t text_count;
	size_t text_room;
	char **profile_command; /* the command of a profile, in TEXTS */
	int profile_command_count;
	/* Of archive_settle() and oci_apply(): */
	char *tree;		    /* HOST_ROOT, where an archive was unpacked to */
	char *image;		    /* the text that the members below, and others, point to */
	bool is_user_of_image;	    /* USER was not given */
	const char **image_command; /* COMMAND */
	struct environment_request *image_variables;
	size_t image_variable_count;
};

/* What the parser may ask of the host. */
struct options_host {
	/* Whether HOST_PATH names a directory. */
	bool (*is_directory)(const char *host_path);
	/* The text of the file HOST_PATH into *TEXT, to be given to free(). 0 or a negative errno. */
	int (*read_text)(const char *host_path, char **text);
	/* The environment variable NAME, or NULL. */
	const char *(*variable)(const char *name);
};

/*
 * Read the command line into CONFIG, whose VERBOSITY is where -v starts, whose ENGINE is the default, and
 * whose other members are zero. Returns 0, or -EINVAL with CONFIG->error, or -ENOMEM.
 * CONFIG points into ARGV.
 */
int options_parse(struct config *config, int argc, char *const argv[], const struct options_host *host);

/* Set the engine to that called VALUE; false: there is none. */
bool options_read_engine(struct config *config, const char *value);

/* Give back what options_parse() and the others have allocated. */
void config_free(struct config *config);

#endif
