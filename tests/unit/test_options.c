/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The option parser: every spelling, both grammars, every way to be wrong.
 */
#define _GNU_SOURCE 1
#include "cli/options.h"
#include "tap.h"

#include <errno.h>
#include <string.h>

#define MOST_WORDS 16

static struct config config;
static int parse_status;

/* In these tests, what begins with "/dir" is a directory. */
static bool is_directory(const char *host_path)
{
	return !strncmp(host_path, "/dir", 4);
}

/* Parse the blank-separated words of LINE. "''" stands for an empty word. */
static void parse_from(int verbosity, const char *line)
{
	static char copy[4096];
	static char *words[MOST_WORDS + 1];
	int count = 0;

	config_free(&config);
	config = (struct config){ .verbosity = verbosity };
	snprintf(copy, sizeof(copy), "proot %s", line);
	for (char *word = strtok(copy, " "); word && count < MOST_WORDS; word = strtok(NULL, " "))
		words[count++] = strcmp(word, "''") ? word : word + 2;
	words[count] = NULL;
	parse_status = options_parse(&config, count, words, is_directory);
}

static void parse(const char *line)
{
	parse_from(0, line);
}

static bool is_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool has_root(const char *line, const char *host_root)
{
	parse(line);
	return !parse_status && is_text(config.host_root, host_root);
}

static bool has_cwd(const char *line, const char *guest_cwd)
{
	parse(line);
	return !parse_status && is_text(config.guest_cwd, guest_cwd);
}

/* Whether LINE gives exactly one binding. */
static bool has_binding(const char *line, const char *host, const char *guest, bool keeps_last_link)
{
	parse(line);
	return !parse_status && config.binding_count == 1 && is_text(config.bindings[0].host, host) &&
	       is_text(config.bindings[0].guest, guest) && config.bindings[0].keeps_last_link == keeps_last_link &&
	       !config.bindings[0].is_optional;
}

static bool has_verbosity(const char *line, int verbosity)
{
	parse(line);
	return !parse_status && config.verbosity == verbosity;
}

static bool fails(const char *line, const char *message)
{
	parse(line);
	if (parse_status == -EINVAL && is_text(config.error, message))
		return true;
	printf("# %d, %s\n", parse_status, config.error);
	return false;
}

static bool has_command(const char *line, int count, const char *first)
{
	parse(line);
	return !parse_status && config.command_count == count && (!count || is_text(config.command[0], first));
}

static void test_spellings(void)
{
	ok(has_root("-r /x", "/x"), "-r X");
	ok(has_root("-r/x", "/x"), "-rX");
	ok(has_root("--rootfs /x", "/x"), "--rootfs X");
	ok(has_root("--rootfs=/x", "/x"), "--rootfs=X");
	ok(has_root("-r /x -r /y", "/y"), "the last -r wins");
	ok(has_root("-r -x", "-x"), "a value may begin with a dash");
	ok(has_root("--rootfs=a=b", "a=b"), "a value may hold an equals sign");
	ok(has_cwd("-w /x", "/x"), "-w X");
	ok(has_cwd("-w/x", "/x"), "-wX");
	ok(has_cwd("--pwd /x", "/x"), "--pwd X");
	ok(has_cwd("--pwd=/x", "/x"), "--pwd=X");
	ok(has_cwd("--cwd /x", "/x"), "--cwd X");
	ok(has_cwd("--cwd=/x", "/x"), "--cwd=X");
	ok(has_cwd("", NULL), "no -w");
}

static void test_bindings(void)
{
	ok(has_binding("-b /h", "/h", NULL, false), "-b H");
	ok(has_binding("-b/h:/g", "/h", "/g", false), "-bH:G");
	ok(has_binding("-m /h:/g", "/h", "/g", false), "-m H:G");
	ok(has_binding("--bind=/h:/g", "/h", "/g", false), "--bind=H:G");
	ok(has_binding("--bind /h:/g", "/h", "/g", false), "--bind H:G");
	ok(has_binding("--mount=/h:/g", "/h", "/g", false), "--mount=H:G");
	ok(has_binding("-b /h:/g!", "/h", "/g", true), "-b H:G!");
	ok(has_binding("-b /h!", "/h!", NULL, false), "without G an exclamation mark is part of H");
	ok(has_binding("-b /h:/g:x", "/h", "/g:x", false), "the first colon separates");
	ok(has_binding("-b $HOME/x", "$HOME/x", NULL, false), "$VARIABLE is kept for later");
	parse("-b /1 -b /2:/g -m /3");
	ok(config.binding_count == 3 && is_text(config.bindings[1].guest, "/g") &&
		   is_text(config.bindings[2].host, "/3"),
	   "bindings keep their order");
}

static bool has_optional(const char *host)
{
	for (size_t i = 0; i < config.binding_count; i++)
		if (is_text(config.bindings[i].host, host) && config.bindings[i].is_optional)
			return true;
	return false;
}

static void test_lists(void)
{
	parse("-W");
	ok(config.binding_count == 1 && is_text(config.bindings[0].host, ".") && is_text(config.guest_cwd, "."), "-W");
	parse("-B");
	ok(config.binding_count == 16 && has_optional("/etc/hosts.equiv") && has_optional("$HOME"), "-B");
	parse("-M");
	ok(config.binding_count == 16 && has_optional("/etc/localtime"), "-M");
	parse("-R /x cmd");
	ok(is_text(config.host_root, "/x") && has_optional("/proc") && has_optional("/run") && has_optional("/x") &&
		   has_optional("/var/run/dbus/system_bus_socket"),
	   "-R P");
	parse("-R/x");
	ok(is_text(config.host_root, "/x"), "-RP");
}

static void test_flags(void)
{
	parse("--kill-on-exit");
	ok(config.kills_on_exit && !config.allows_unknown, "--kill-on-exit");
	parse("-u");
	ok(config.allows_unknown, "-u");
	parse("--allow-unknown-syscalls");
	ok(config.allows_unknown, "--allow-unknown-syscalls");
	parse("--no-patch");
	ok(!parse_status && config.is_patching_off, "--no-patch");
	parse("--engine=auto");
	ok(!parse_status && config.engine == CONFIG_ENGINE_AUTO, "--engine=auto");
	parse("--engine sigsys");
	ok(!parse_status && config.engine == CONFIG_ENGINE_SIGSYS, "--engine sigsys");
}

static bool has_emulator(const char *line, const char *emulator, size_t bindings)
{
	parse(line);
	return !parse_status && is_text(config.emulator, emulator) && config.binding_count == bindings;
}

static void test_emulator(void)
{
	size_t recommended;

	parse("-B");
	recommended = config.binding_count;
	ok(has_emulator("-q qemu-arm", "qemu-arm", 0), "-q");
	ok(has_emulator("--qemu=qemu-arm", "qemu-arm", 0), "--qemu=");
	ok(has_emulator("-Q qemu-arm", "qemu-arm", recommended), "-Q");
	ok(has_emulator("-r /", NULL, 0) && !config.emulates_all, "no -q");
	parse("--mixed-mode=false");
	ok(!parse_status && config.emulates_all, "--mixed-mode=false");
	parse("--mixed-mode=0 --mixed-mode true");
	ok(!parse_status && !config.emulates_all, "--mixed-mode true");
	ok(fails("--mixed-mode=x", "option '--mixed-mode': 'x' is neither true nor false"), "--mixed-mode=x");
	ok(fails("-q", "option '-q' needs a value: COMMAND"), "-q at the end");
}

static bool has_action(const char *line, enum config_action action)
{
	parse(line);
	return !parse_status && config.action == action;
}

static void test_information(void)
{
	ok(has_action("--help", CONFIG_HELP) && has_action("-h", CONFIG_HELP) && has_action("--usage", CONFIG_HELP),
	   "--help -h --usage");
	ok(has_action("--version", CONFIG_VERSION) && has_action("-V", CONFIG_VERSION) &&
		   has_action("--about", CONFIG_VERSION),
	   "--version -V --about");
	ok(has_action("--check-owners /dir", CONFIG_CHECK_OWNERS) &&
		   has_action("--repair-owners=/dir", CONFIG_REPAIR_OWNERS),
	   "what is kept of owners is checked");
	ok(has_action("-h --nonsense", CONFIG_HELP), "the first of them ends the parsing");
	ok(has_action("-r / cmd --help", CONFIG_RUN), "the command's own --help is not ours");
}

static void test_verbosity(void)
{
	ok(has_verbosity("", 0), "no -v");
	ok(has_verbosity("-v", 1), "-v");
	ok(has_verbosity("-v -v", 2), "-v -v");
	ok(has_verbosity("-vv", 2) && has_verbosity("-vvv", 3), "-vv, -vvv");
	ok(has_verbosity("-v 3", 3), "-v 3");
	ok(has_verbosity("-v3", 3), "-v3");
	ok(has_verbosity("-v -1", -1), "-v -1");
	ok(has_verbosity("-v-1", -1), "-v-1");
	ok(has_verbosity("--verbose", 1), "--verbose");
	ok(has_verbosity("--verbose=2", 2), "--verbose=2");
	ok(has_verbosity("--verbose 2", 2), "--verbose 2");
	ok(has_command("-v echo", 1, "echo") && config.verbosity == 1, "-v CMD");
	ok(has_command("-v 2 echo", 1, "echo") && config.verbosity == 2, "-v N CMD");
	ok(has_command("-v -r /x echo", 1, "echo") && config.verbosity == 1, "-v -r");
	parse_from(2, "-v");
	ok(config.verbosity == 3, "-v raises the level it starts from");
}

static void test_grammars(void)
{
	ok(has_command("-b /proc /dir ps -l", 2, "ps") && is_text(config.host_root, "/dir"), "rootfs as first operand");
	ok(has_command("/dir", 0, NULL) && is_text(config.host_root, "/dir"), "rootfs alone");
	ok(has_command("/dir -- ps", 1, "ps") && is_text(config.host_root, "/dir"), "rootfs -- command");
	ok(has_command("/dir -x", 1, "-x"), "behind the rootfs there are no options");
	ok(has_command("ps -l", 2, "ps") && !config.host_root, "command without rootfs");
	ok(has_command("-r /x /dir", 1, "/dir") && is_text(config.host_root, "/x"), "-r and a directory");
	ok(has_command("-R /x /dir", 1, "/dir") && is_text(config.host_root, "/x"), "-R and a directory");
	ok(has_command("-r /x -- -l", 1, "-l"), "-- ends the options");
	ok(has_command("-- /dir ps", 1, "ps") && is_text(config.host_root, "/dir"), "-- rootfs command");
	ok(has_command("-r /x ps --", 2, "ps"), "a later -- is the command's");
	ok(has_command("-r /x", 0, NULL), "no command");
	ok(has_command("''", 1, ""), "an empty command");
}

static void test_errors(void)
{
	ok(fails("--nonsense", "unknown option '--nonsense'"), "unknown option");
	ok(fails("--rotfs=/x", "unknown option '--rotfs', did you mean '--rootfs'?"), "a letter missing");
	ok(fails("--kill-on-exti", "unknown option '--kill-on-exti', did you mean '--kill-on-exit'?"),
	   "letters swapped");
	ok(fails("--verbos", "unknown option '--verbos', did you mean '--verbose'?"), "an abbreviation");
	ok(fails("-z", "unknown option '-z'"), "unknown letter");
	ok(fails("-", "unknown option '-'"), "a dash alone");
	ok(fails("-r", "option '-r' needs a value: PATH"), "-r at the end");
	ok(fails("--bind", "option '--bind' needs a value: HOST[:GUEST[!]]"), "--bind at the end");
	ok(fails("--rootfs=", "option '--rootfs' has an empty value: it needs PATH"), "--rootfs=");
	ok(fails("-r ''", "option '-r' has an empty value: it needs PATH"), "-r ''");
	ok(fails("-b :/g", "option '-b': ':/g' names no path of the host"), "-b :G");
	ok(fails("-b /h:", "option '-b': '/h:' names no path of the guest"), "-b H:");
	ok(fails("-b /h:!", "option '-b': '/h:!' names no path of the guest"), "-b H:!");
	ok(fails("--kill-on-exit=1", "option '--kill-on-exit' takes no value, but got '1'"), "a value too many");
	ok(fails("-Wx", "option '-W' takes no value, but got 'x'"), "-Wx");
	ok(fails("--verbose=x", "option '--verbose': 'x' is not a number"), "--verbose=x");
	ok(fails("-vx", "option '-v': 'x' is not a number"), "-vx");
	ok(fails("--engine=ptrace", "option '--engine': 'ptrace' is not available yet"), "--engine=ptrace");
	ok(fails("--engine=x", "option '--engine': 'x' is neither auto nor sigsys"), "--engine=x");
}

static bool has_identity(const char *line, uint32_t uid, uint32_t gid)
{
	parse(line);
	return !parse_status && config.has_identity && config.uid == uid && config.gid == gid;
}

static void test_identity(void)
{
	ok(has_identity("-0", 0, 0) && has_identity("--root-id", 0, 0), "-0");
	ok(has_identity("-i 1:2", 1, 2) && has_identity("--change-id=4294967294:0", 4294967294, 0), "-i U:G");
	ok(has_identity("-S /x", 0, 0) && is_text(config.host_root, "/x") && config.binding_count > 5, "-S X");
	ok(has_identity("-i 1:2 -0", 0, 0) && has_identity("-0 -i1:2", 1, 2), "the last of -0 and -i wins");
	ok(has_identity("--user=a:b", 0, 0) && is_text(config.user, "a:b"), "--user");
	ok(has_identity("-i 1:2 --user a", 1, 2) && is_text(config.user, "a"), "--user and -i");
	parse("-r /x");
	ok(!config.has_identity && !config.user, "none of them");
	ok(fails("-i x", "option '-i': 'x' is not USER:GROUP, two numbers") &&
		   fails("-i 1", "option '-i': '1' is not USER:GROUP, two numbers") &&
		   fails("-i 1:", "option '-i': '1:' is not USER:GROUP, two numbers") &&
		   fails("-i 1:2:3", "option '-i': '1:2:3' is not USER:GROUP, two numbers") &&
		   fails("-i -1:0", "option '-i': '-1:0' is not USER:GROUP, two numbers") &&
		   fails("-i 4294967295:0", "option '-i': '4294967295:0' is not USER:GROUP, two numbers"),
	   "what is no -i");
}

static void test_later(void)
{
	static const char *const later[] = { "-p", "-n", "-l", "-H", "-L" };
	char line[64], message[128];

	for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
		snprintf(line, sizeof(line), "%s x", later[i]);
		snprintf(message, sizeof(message), "option '%s' is not supported yet", later[i]);
		ok(fails(line, message), message);
	}
	ok(fails("--link2symlink", "option '--link2symlink' is not supported yet"), "--link2symlink");
}

/* No word, however long, is more than the parser bears. */
static void test_long(void)
{
	static char line[4000];

	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "--", 2);
	parse(line);
	ok(parse_status == -EINVAL, "a long unknown option");
	memcpy(line, "-r", 2);
	ok(has_root(line, line + 2), "a long value");
	memcpy(line, "--verbose=", 10);
	parse(line);
	ok(parse_status == -EINVAL && strlen(config.error) < sizeof(config.error), "a long wrong value");
}

int main(void)
{
	test_spellings();
	test_bindings();
	test_lists();
	test_flags();
	test_emulator();
	test_information();
	test_verbosity();
	test_grammars();
	test_errors();
	test_identity();
	test_later();
	test_long();
	config_free(&config);
	return plan_done();
}
