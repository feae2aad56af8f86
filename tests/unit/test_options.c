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

/* The only files there are. */
static const struct {
	const char *path, *text;
} files[] = {
	{ "/etc/proot/plain", "rootfs /r\nbind /a:/b\nkill-on-exit\n" },
	{ "/home/.config/proot/plain", "# mine\n\n  --rootfs=/mine  \n" },
	{ "/xdg/proot/first", "-r /first" },
	{ "/home/.config/proot/first", "-r /second" },
	{ "/etc/proot/outer", "@plain\nbind=/c" },
	{ "/etc/proot/endless", "@endless" },
	{ "/etc/proot/eight", "--config seven" },
	{ "p/relative", "rootfs here\nbind x:y\nb z\n" },
	{ "p/paths", "rootfs he:re\nbind x:y\n-b~/z\nbind = ~\ncwd $EMPTY/w\nbind /a b:/c d!\n" },
	{ "p/colons", "trace=a:b\nbind x:y:ro\n" },
	{ "p/values", "env A=$HOME\nenv = B=${HOME}s\nenv C=$$x = y\nmixed-mode =  false\n-v3" },
	{ "p/unset", "\n\nbind $NONE/x" },
	{ "p/brace", "bind ${HOME" },
	{ "p/unknown", "# first\nbid /x" },
	{ "p/extra", "kill-on-exit yes" },
	{ "p/missing", "\nrootfs" },
	{ "p/command", "-- sh -c 'echo  $X' \"a $HOME\"c ''\nkill-on-exit" },
	{ "p/quote", "-- sh 'x" },
	{ "p/none", "config nowhere" },
};

static int read_text(const char *host_path, char **text)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(files[i].path, host_path)) {
			*text = strdup(files[i].text);
			return *text ? 0 : -ENOMEM;
		}
	return strcmp(host_path, "/etc/proot/denied") ? -ENOENT : -EACCES;
}

static const char *variable(const char *name)
{
	return !strcmp(name, "HOME")		? "/home" :
	       !strcmp(name, "EMPTY")		? "" :
	       !strcmp(name, "XDG_CONFIG_HOME") ? "/xdg" :
						  NULL;
}

static const struct options_host test_host = { is_directory, read_text, variable };

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
	parse_status = options_parse(&config, count, words, &test_host);
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

static bool is_read_only(const char *line, const char *guest, bool keeps_last_link)
{
	return has_binding(line, "/h", guest, keeps_last_link) && config.bindings[0].is_read_only;
}

static void test_read_only(void)
{
	ok(is_read_only("-b /h:/g:ro", "/g", false) && is_read_only("--mount=/h:g:ro", "g", false), "-b H:G:ro");
	ok(is_read_only("-b /h:/g!:ro", "/g", true), "-b H:G!:ro");
	ok(is_read_only("--ro-bind /h:/g", "/g", false) && is_read_only("--ro-bind=/h", NULL, false) &&
		   is_read_only("--ro-bind /h:/g!", "/g", true) && is_read_only("--ro-bind /h:/g:ro", "/g", false),
	   "--ro-bind");
	ok(has_binding("-b /h:/g:rw", "/h", "/g", false) && !config.bindings[0].is_read_only &&
		   has_binding("-b /h:/g", "/h", "/g", false) && !config.bindings[0].is_read_only,
	   "others are not");
	ok(has_binding("-b /h:/g:ro!", "/h", "/g:ro", true) && has_binding("-b /h:ro", "/h", "ro", false) &&
		   has_binding("-b /h:/a:b", "/h", "/a:b", false),
	   "places whose names look so");
	ok(fails("-b /h::ro", "option '-b': '/h::ro' names no path of the guest"), "-b H::ro");
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
	parse("--engine=ptrace");
	ok(!parse_status && config.engine == CONFIG_ENGINE_PTRACE, "--engine=ptrace");
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
	ok(fails("--bind", "option '--bind' needs a value: HOST[:GUEST[!][:ro]]"), "--bind at the end");
	ok(fails("--rootfs=", "option '--rootfs' has an empty value: it needs PATH"), "--rootfs=");
	ok(fails("-r ''", "option '-r' has an empty value: it needs PATH"), "-r ''");
	ok(fails("-b :/g", "option '-b': ':/g' names no path of the host"), "-b :G");
	ok(fails("-b /h:", "option '-b': '/h:' names no path of the guest"), "-b H:");
	ok(fails("-b /h:!", "option '-b': '/h:!' names no path of the guest"), "-b H:!");
	ok(fails("--kill-on-exit=1", "option '--kill-on-exit' takes no value, but got '1'"), "a value too many");
	ok(fails("-Wx", "option '-W' takes no value, but got 'x'"), "-Wx");
	ok(fails("--verbose=x", "option '--verbose': 'x' is not a number"), "--verbose=x");
	ok(fails("-vx", "option '-v': 'x' is not a number"), "-vx");
	ok(fails("--engine=x", "option '--engine': 'x' is none of auto, sigsys and ptrace"), "--engine=x");
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

static void test_termux(void)
{
	ok(has_command("-H -L --ashmem-memfd x", 1, "x") && !config.wants_system_v, "-H -L --ashmem-memfd");
	ok(has_command("--sysvipc x", 1, "x") && config.wants_system_v, "--sysvipc");
}

static void test_variables(void)
{
	parse("--env A=1 --unset-env=B --clear-env --env C --hostname=h");
	ok(!parse_status && config.variable_count == 4 && config.variables[0].action == ENVIRONMENT_SET &&
		   is_text(config.variables[0].word, "A=1") && config.variables[1].action == ENVIRONMENT_UNSET &&
		   is_text(config.variables[1].word, "B") && config.variables[2].action == ENVIRONMENT_CLEAR &&
		   is_text(config.variables[3].word, "C") && is_text(config.hostname, "h"),
	   "--env, --unset-env, --clear-env, --hostname");
}

static void test_hardlinks(void)
{
	ok(has_command("-l x", 1, "x") && config.links, "-l");
	ok(has_command("--link2symlink x", 1, "x") && config.links, "--link2symlink");
	ok(has_action("--check-links /x", CONFIG_CHECK_LINKS) && is_text(config.checked, "/x"), "--check-links");
	ok(has_action("--repair-links=/x", CONFIG_REPAIR_LINKS) &&
		   has_action("--flatten-links /x", CONFIG_FLATTEN_LINKS),
	   "--repair-links, --flatten-links");
}

static bool has_bindings(const char *list)
{
	char line[512] = "";

	for (size_t i = 0; i < config.binding_count; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s>%s", i ? "," : "",
			 config.bindings[i].host, config.bindings[i].guest ? config.bindings[i].guest : "");
	if (strcmp(line, list))
		printf("# %s\n", line);
	return !parse_status && !strcmp(line, list);
}

static void test_profiles(void)
{
	ok(has_root("@plain", "/mine") && !config.binding_count, "a profile of the user's");
	ok(has_root("@first", "/first"), "the one of XDG_CONFIG_HOME is the first");
	ok(has_root("@outer", "/mine") && has_bindings("/c>"), "a profile that names another");
	ok(has_root("-r /x @plain", "/mine") && has_root("@plain -r /x", "/x"), "the last option counts");
	ok(has_root("--config=/etc/proot/plain", "/r") && has_bindings("/a>/b") && config.kills_on_exit, "--config");
	ok(has_command("@plain /dir x", 2, "/dir"), "behind profiles the command may be a directory");
	ok(has_command("-r /x -- @plain", 1, "@plain"), "behind -- there are no profiles");
	parse("--config p/paths");
	ok(is_text(config.host_root, "p/he:re") && is_text(config.guest_cwd, "/w") &&
		   has_bindings("p/x>p/y,/home/z>,/home>,/a b>/c d"),
	   "paths");
	parse("--config p/colons");
	ok(is_text(config.shown_to, "p/a:b") && has_bindings("p/x>p/y") && config.bindings[0].is_read_only,
	   "what is no path");
	parse("--config p/values");
	ok(!parse_status && config.variable_count == 3 && is_text(config.variables[0].word, "A=/home") &&
		   is_text(config.variables[1].word, "B=/homes") && is_text(config.variables[2].word, "C=$x = y") &&
		   config.emulates_all && config.verbosity == 3,
	   "values");
	ok(has_command("--config p/command", 5, "sh") && is_text(config.command[2], "echo  $X") &&
		   is_text(config.command[3], "a /homec") && is_text(config.command[4], "") && config.kills_on_exit,
	   "a command");
	ok(has_command("--config p/command ls", 1, "ls"), "the command line's own command counts");
	ok(has_action("--config=/etc/proot/plain --help", CONFIG_HELP), "--help behind a profile");
}

static void test_wrong_profiles(void)
{
	ok(fails("@none", "there is no profile 'none': neither /xdg/proot/none nor /home/.config/proot/none nor "
			  "/etc/proot/none"),
	   "no profile");
	ok(fails("@a/b", "'@a/b' names no profile: --config takes the path of a file"), "a path");
	ok(fails("@", "'@' names no profile: --config takes the path of a file"), "no name");
	ok(fails("@denied", "can't read the profile '/etc/proot/denied': Permission denied"), "one that can't be read");
	ok(fails("--config p/unset", "p/unset:3: the variable 'NONE' is not set"), "a variable that is not set");
	ok(fails("--config p/brace", "p/brace:1: the variable '${HOME' is not set"), "an open brace");
	ok(fails("--config p/unknown", "p/unknown:2: unknown option '--bid', did you mean '--bind'?"), "no option");
	ok(fails("--config p/relative", "p/relative:3: unknown option '--b'"), "a letter without a dash");
	ok(fails("--config p/extra", "p/extra:1: option '--kill-on-exit' takes no value, but got 'yes'"),
	   "a value too many");
	ok(fails("--config p/missing", "p/missing:2: option '--rootfs' needs a value: PATH"), "a value missing");
	ok(fails("--config p/quote", "p/quote:1: a quotation mark is left open"), "an open quote");
	ok(fails("--config p/none", "p/none:1: can't read the profile 'p/nowhere': No such file or directory"),
	   "a profile in a profile");
	ok(fails("@endless", "/etc/proot/endless:1: profiles name each other too deep: '/etc/proot/endless'"),
	   "a profile that names itself");
}

static bool has_pair(const char *line, unsigned int count, unsigned int inside, unsigned int outside)
{
	parse(line);
	return !parse_status && config.ports.count == count && config.ports.pairs[count - 1].inside == inside &&
	       config.ports.pairs[count - 1].outside == outside && !config.ports.raises;
}

static void test_ports(void)
{
	ok(has_pair("-p 80:8080", 1, 80, 8080) && has_pair("-p80:8080", 1, 80, 8080) &&
		   has_pair("--port=1:65535", 1, 1, 65535) && has_pair("--port 00080:08080", 1, 80, 8080),
	   "-p IN:OUT");
	ok(has_pair("-p 80:8080 -p 81:80", 2, 81, 80), "two of them");
	ok(has_pair("-p 80:8080 -p 80:8081", 1, 80, 8081) && has_pair("-p 80:8080 -p 80:8080", 1, 80, 8080),
	   "the last of one port counts");
	ok(has_command("-p ls", 1, "ls") && config.ports.raises && has_command("-p -r / 7z", 1, "7z") &&
		   config.ports.raises && has_command("--port", 0, NULL) && config.ports.raises,
	   "-p without a value");
	ok(fails("-p 80", "option '-p': '80': not IN:OUT, two ports") &&
		   fails("-p 80:", "option '-p': '80:': not IN:OUT, two ports") &&
		   fails("-p :80", "option '-p': ':80': not IN:OUT, two ports") &&
		   fails("-p 80:x", "option '-p': '80:x': not IN:OUT, two ports") &&
		   fails("-p 1:2:3", "option '-p': '1:2:3': not IN:OUT, two ports") &&
		   fails("-px:2", "option '-p': 'x:2': not IN:OUT, two ports") &&
		   fails("--port=", "option '--port' has an empty value: it needs [IN:OUT]"),
	   "what is no -p");
	ok(fails("-p 0:80", "option '-p': '0:80': a port is a number from 1 to 65535") &&
		   fails("-p 80:65536", "option '-p': '80:65536': a port is a number from 1 to 65535") &&
		   fails("-p 99999999999999999999:1",
			 "option '-p': '99999999999999999999:1': a port is a number from 1 to 65535"),
	   "numbers that are no port's");
	ok(fails("-p 80:90 -p 81:90", "option '-p': '81:90': another port stands for OUT already"),
	   "two ports that would be one outside");
	parse("-n");
	ok(!parse_status && config.ports.cooperates, "-n");
	parse("--netcoop true");
	ok(!parse_status && config.ports.cooperates && config.command_count == 1, "--netcoop");
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
	test_read_only();
	test_lists();
	test_flags();
	test_emulator();
	test_information();
	test_verbosity();
	test_grammars();
	test_errors();
	test_identity();
	test_termux();
	test_variables();
	test_hardlinks();
	test_profiles();
	test_wrong_profiles();
	test_ports();
	test_long();
	config_free(&config);
	return plan_done();
}
