/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tool of the build, not part of the command: prints the manual page or a
 * shell's completion, made from the rows of options.def. Needs nothing but
 * libc, so that a cross build compiles it for the building machine.
 *
 *	manual man|bash|zsh|fish|calls
 */
#include "cli/help.h"
#include "manual/calls.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum value_kind { NONE, FILE_VALUE, DIRECTORY_VALUE, PATH_VALUE, WORDS_VALUE, OPTIONS_VALUE };

struct manual_row {
	const char *group; /* a heading in place of an option when not NULL */
	const char *names;
	const char *value;
	enum value_kind kind;
	const char *summary;
	const char *detail;
};

#define KIND_NONE NONE
#define KIND_FILE FILE_VALUE
#define KIND_DIRECTORY DIRECTORY_VALUE
#define KIND_PATH PATH_VALUE
#define KIND_WORDS WORDS_VALUE
#define KIND_OPTIONS OPTIONS_VALUE

static const struct manual_row manual_rows[] = {
#define GROUP(title) { .group = title },
#define OPTION(apply, names, value, kind, summary, detail) { NULL, names, value, KIND_##kind, summary, detail },
#define LATER(names)
#include "cli/options.def"
};

#define ROW_COUNT (sizeof(manual_rows) / sizeof(manual_rows[0]))

/* Print TEXT for roff: dashes and backslashes escaped. */
static void print_roff(const char *text)
{
	for (; *text; text++) {
		if (*text == '-' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

/* Take the next blank-separated name off *NAMES: its length, 0 when there is none. */
static size_t next_name(const char **names, const char **name)
{
	size_t length = strcspn(*names, " ");

	*name = *names;
	*names += length + strspn(*names + length, " ");
	return length;
}

/* The names of one option, with its value behind the last. */
static void print_man_names(const struct manual_row *row)
{
	const char *names = row->names;
	const char *name;
	const char *joint = "";
	size_t length;

	for (const char *separator = ""; (length = next_name(&names, &name)); separator = ", ") {
		char copy[64];

		snprintf(copy, sizeof(copy), "%.*s", (int)length, name);
		printf("%s\\fB", separator);
		print_roff(copy);
		printf("\\fR");
		joint = name[1] != '-' ? " " : *row->value == '[' ? "[=" : "=";
	}
	if (*row->value)
		printf("%s", joint);
	print_roff(joint[0] == '[' ? row->value + 1 : row->value);
	putchar('\n');
}

static void print_man_option(const struct manual_row *row)
{
	puts(".TP");
	print_man_names(row);
	putchar(row->summary[0] & ~0x20);
	print_roff(row->summary + 1);
	/* "-w ." ends the sentence. */
	if (row->summary[strlen(row->summary) - 1] != '.')
		putchar('.');
	if (*row->detail)
		putchar('\n');
	print_roff(row->detail);
	putchar('\n');
}

/* Behind the options. */
static void print_man_rest(void)
{
	puts(".SH FILES\n"
	     ".TP\n.I $XDG_CONFIG_HOME/proot/NAME\\fR, \\fI~/.config/proot/NAME\\fR, \\fI/etc/proot/NAME\n"
	     "The profile @NAME, in the first of these that there is: see \\-\\-config.\n"
	     ".TP\n.I .proot\\-owners\\-UID\n"
	     "In the topmost directory that the user may write to: owners of links, devices, fifos and sockets that a "
	     "guest\n"
	     "with \\-0 has made. \\-\\-check\\-owners looks after it.\n"
	     ".TP\n.I $XDG_CACHE_HOME/proot/trees/ID/rootfs\\fR, \\fI~/.cache/proot/trees/ID/rootfs\n"
	     "What the archive or image of \\-r, \\-R or \\-S was unpacked to; the file\n"
	     ".I source\nbeside it says from where. ID is a digest of the content: an archive that is moved or copied "
	     "leads to the same\n"
	     "tree, with all that guests have changed, and one that is changed to a new tree. Trees stay until they "
	     "are removed:\n"
	     ".B proot \\-0 rm \\-rf ~/.cache/proot/trees/ID\\fR,\nwhere rm alone may be refused by the modes of "
	     "directories, or the\n"
	     "whole of ~/.cache/proot.\n"
	     ".SH EXAMPLES\n"
	     ".TP\nA shell in a distribution's root file system, with the host's /proc, /dev, /sys, /tmp and home "
	     "directory:\n"
	     ".B proot \\-R /srv/debian\n"
	     ".TP\nInstall a package there as its root:\n"
	     ".B proot \\-S /srv/debian apt\\-get install hello\n"
	     ".TP\nA command in an archive, and an image as docker would run it:\n"
	     ".B proot \\-R debian.tar.xz cat /etc/os\\-release\n.br\n.B proot \\-r image.tar \\-\\-oci\n"
	     ".TP\nOne file of the host replaced, for one command:\n"
	     ".B proot \\-b ~/hosts:/etc/hosts getent hosts x\n"
	     ".TP\nA root file system for arm64, with a QEMU of the host:\n"
	     ".B proot \\-q \\(dqqemu\\-aarch64 \\-cpu max\\(dq \\-R /srv/arm64\n"
	     ".TP\nWhere does that path lead?\n"
	     ".B proot \\-R /srv/debian \\-\\-explain /etc/mtab\n"
	     ".SH SEE ALSO\n"
	     ".BR proot\\-calls (7),\n.BR chroot (1),\n.BR mount (8)");
}

static void print_man(void)
{
	puts(".TH PROOT 1 \"\" \"proot " VERSION "\" \"User Commands\"\n"
	     ".SH NAME\n"
	     "proot \\- run a command with another root directory, as an ordinary user\n"
	     ".SH SYNOPSIS\n"
	     ".B proot\n"
	     "[\\fIoption\\fR | @\\fIprofile\\fR ...] [\\fIrootfs\\fR] [\\-\\-] [\\fIcommand\\fR [\\fIargument\\fR "
	     "...]]\n"
	     ".SH DESCRIPTION\n"
	     "Run \\fIcommand\\fR (by default \\fI/bin/sh\\fR as a login shell) so that it sees \\fIrootfs\\fR as its\n"
	     "root directory, with files and directories of the host shown anywhere in it.\n"
	     "No privilege is needed and nothing is written into the root directory.\n"
	     "Options end at the first word that does not begin with a dash, or at \\-\\-.\n"
	     ".SH OPTIONS");
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (manual_rows[i].group)
			printf(".SS %s\n", manual_rows[i].group);
		else
			print_man_option(&manual_rows[i]);
	puts(".SH EXIT STATUS\n"
	     "The status of the command; 128+\\fIn\\fR when signal \\fIn\\fR killed it; 127 when it was not found,\n"
	     "126 when it was found and could not be executed, 125 when proot itself failed, 1 for a wrong\n"
	     "command line.\n"
	     "If the command dies of SIGINT or SIGQUIT (^C) and proot gets that signal too, proot dies of it as well.\n"
	     ".SH ENVIRONMENT\n"
	     ".TP\n.B PROOT_VERBOSE\nThe level \\-v starts from.\n"
	     ".TP\n.B PROOT_IGNORE_MISSING_BINDINGS\nNo warning for a binding whose host path is missing.\n"
	     ".TP\n.B PROOT_TMP_DIR\nAn absolute path: where short-lived directories are made, for those that are\n"
	     "there only because something is bound below, and a temporary file on machines that refuse to execute\n"
	     "memory files.\n"
	     ".TP\n.B PROOT_CACHE_DIR\nAn absolute path: where archives and images are unpacked, instead of the "
	     "directory that FILES\n"
	     "names. It must be the user's, and nobody else may write to it.\n"
	     ".TP\n.B PROOT_NO_PATCH\nWhere it is neither empty nor 0, the same as \\-\\-no\\-patch.\n"
	     ".TP\n.B PROOT_FORCE_FOREIGN_BINARY\nLikewise the same as \\-\\-mixed\\-mode=false.\n"
	     ".TP\n.B PROOT_ENGINE\nWhich \\-\\-engine is taken when there is no such option.\n"
	     ".TP\n.B PROOT_NO_SECCOMP\\fR, \\fBPROOT_LOADER\\fR, \\fBPROOT_LOADER_32\\fR, "
	     "\\fBPROOT_ASSUME_NEW_SECCOMP\\fR, "
	     "\\fBPROOT_DONT_POLLUTE_ROOTFS\n"
	     "Accepted for the sake of other PRoots, without effect.");
	print_man_rest();
}

/* Print TEXT in single quotes, as sh, zsh and fish read it. */
static void print_quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++)
		if (*text == '\'')
			printf("'\\''");
		else
			putchar(*text);
	putchar('\'');
}

/* "auto|sigsys" as words separated by blanks. */
static void print_words(const char *words)
{
	for (; *words; words++)
		putchar(*words == '|' ? ' ' : *words);
}

/* The names of all options, without their dashes. */
static void print_bare_names(void)
{
	for (size_t i = 0, count = 0; i < ROW_COUNT; i++) {
		const char *names = manual_rows[i].group ? "" : manual_rows[i].names;
		const char *name;
		size_t length;

		for (; (length = next_name(&names, &name)); count++) {
			size_t dashes = strspn(name, "-");

			printf("%s%.*s", count ? " " : "", (int)(length - dashes), name + dashes);
		}
	}
}

static bool needs_value(const struct manual_row *row)
{
	return !row->group && *row->value && *row->value != '[';
}

/* "-r|--rootfs": the names of one option as a pattern of the shell. */
static void print_pattern(const char *names)
{
	for (; *names; names++)
		putchar(*names == ' ' ? '|' : *names);
}

/* The names of all options that have VALUE: those that need it, or those that may have it. */
static void print_patterns(bool is_needed)
{
	for (size_t i = 0, count = 0; i < ROW_COUNT; i++)
		if (!manual_rows[i].group && *manual_rows[i].value && needs_value(&manual_rows[i]) == is_needed) {
			printf("%s", count++ ? "|" : "");
			print_pattern(manual_rows[i].names);
		}
}

/* "-r?*|--rootfs=*": the words that bring a value along. One that may be left out is looked for behind long names only.
 */
static void print_bash_joined(const struct manual_row *row)
{
	const char *names = row->names;
	const char *name, *separator = "";
	size_t length;

	while ((length = next_name(&names, &name))) {
		if (name[1] != '-' && !needs_value(row))
			continue;
		printf("%s%.*s%s", separator, (int)length, name, name[1] == '-' ? "=*" : "?*");
		separator = "|";
	}
}

static void print_bash_value(const struct manual_row *row)
{
	if (row->kind == NONE)
		return;
	printf("\t");
	print_pattern(row->names);
	printf(") _proot_offer \"%s\" ", row->kind == FILE_VALUE ? "${value##*:}" : "$value");
	if (row->kind == WORDS_VALUE || row->kind == OPTIONS_VALUE) {
		printf("-W '");
		if (row->kind == WORDS_VALUE)
			print_words(row->value);
		else
			print_bare_names();
		puts("' ;;");
	} else {
		printf("-%c ;;\n", row->kind == DIRECTORY_VALUE ? 'd' : 'f');
	}
}

/* In bash and zsh: the profiles there are, with their "@". */
static void print_profiles(void)
{
	puts("_proot_profiles() {\n"
	     "\tlocal directory file\n"
	     "\tfor directory in \"${XDG_CONFIG_HOME:-$HOME/.config}/proot\" \"$HOME/.config/proot\" /etc/proot; do\n"
	     "\t\tfor file in $(command ls \"$directory\" 2>/dev/null); do\n"
	     "\t\t\tif [[ -f $directory/$file ]]; then printf '@%s\\n' \"$file\"; fi\n"
	     "\t\tdone\n"
	     "\tdone\n"
	     "}\n");
}

/*
 * Readline replaces what is behind the last of COMP_WORDBREAKS, among which are
 * ":" and "=" unless the user has taken them out: what is offered for TEXT has to begin there.
 */
static void print_bash_offer(void)
{
	puts("# bash completion for proot, made from src/cli/options.def\n"
	     "_proot_offer() { # TEXT, arguments of compgen\n"
	     "\tlocal text=\"$1\" word=\"${COMP_WORDS[COMP_CWORD]}\" front=\n"
	     "\tif [[ $word == [:=]* ]]; then word=; fi\n"
	     "\tif [[ $word == *\"$text\" ]]; then front=\"${word%\"$text\"}\"; fi\n"
	     "\tmapfile -t COMPREPLY < <(compgen -P \"$front\" \"${@:2}\" -- \"$text\")\n"
	     "\tif [[ $text == *\"$word\" ]]; then COMPREPLY=(\"${COMPREPLY[@]#\"${text%\"$word\"}\"}\"); fi\n"
	     "}\n");
	print_profiles();
}

/* Which option the word under the cursor is the value of, if any. */
static void print_bash_words(void)
{
	puts("_proot() {\n"
	     "\tlocal IFS=$' \\t\\n' line=\"${COMP_LINE:0:COMP_POINT}\" option value i=1 last words\n"
	     "\tread -a words <<<\"$line\"\n"
	     "\tif [[ $line == *[[:blank:]] ]]; then words+=(\"\"); fi\n"
	     "\tlast=$((${#words[@]} - 1))\n"
	     "\twhile ((i < last)); do\n"
	     "\t\tcase \"${words[i]}\" in");
	printf("\t\t");
	print_patterns(true);
	puts(") option=\"${words[i]}\"; ((i += 2)) ;;");
	printf("\t\t");
	print_patterns(false);
	puts(") ((i++)); if ((i < last)) && [[ ${words[i]} =~ ^-?[0-9]+$ ]]; then ((i++)); fi ;;\n"
	     "\t\t--) _proot_offer \"${words[last]}\" -c -f; return ;;\n"
	     "\t\t-*|@*) ((i++)) ;;\n"
	     "\t\t*) _proot_offer \"${words[last]}\" -c -f; return ;;\n"
	     "\t\tesac\n"
	     "\tdone\n"
	     "\tvalue=\"${words[last]}\"\n"
	     "\tif ((i == last)); then\n"
	     "\t\toption=\n"
	     "\t\tcase \"$value\" in");
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (needs_value(&manual_rows[i]) || manual_rows[i].kind != NONE) {
			printf("\t\t");
			print_bash_joined(&manual_rows[i]);
			printf(") option=%.*s ;;\n", (int)strcspn(manual_rows[i].names, " "), manual_rows[i].names);
		}
	puts("\t\tesac\n"
	     "\t\tif [[ $option && $value == --* ]]; then value=\"${value#*=}\"; elif [[ $option ]]; then "
	     "value=\"${value:2}\"; fi\n"
	     "\tfi");
}

static void print_bash(void)
{
	print_bash_offer();
	print_bash_words();
	puts("\tcase \"$option\" in");
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (!manual_rows[i].group)
			print_bash_value(&manual_rows[i]);
	printf("\t*) if [[ $value == -* ]]; then _proot_offer \"$value\" -W '");
	for (size_t i = 0; i < ROW_COUNT; i++)
		printf("%s ", manual_rows[i].group ? "" : manual_rows[i].names);
	puts("'; elif [[ $value == @* ]]; then _proot_offer \"$value\" -W \"$(_proot_profiles)\"\n"
	     "\telse _proot_offer \"$value\" -c -d; fi ;;\n"
	     "\tesac\n"
	     "}\n"
	     "complete -o filenames -F _proot proot");
}

static void print_zsh_option(const struct manual_row *row)
{
	static const char *const actions[] = { "", "_files", "_files -/", "_files", "", "" };
	const char *names = row->names;
	const char *name;
	size_t length;

	while ((length = next_name(&names, &name))) {
		const char *joint = !*row->value ? "" : name[1] != '-' ? "+" : needs_value(row) ? "=" : "=-";

		printf("  \"*%.*s%s[%s]", (int)length, name, joint, row->summary);
		if (row->kind == WORDS_VALUE || row->kind == OPTIONS_VALUE) {
			printf("%s:value:(", needs_value(row) ? "" : ":");
			if (row->kind == WORDS_VALUE)
				print_words(row->value);
			else
				print_bare_names();
			putchar(')');
		} else if (needs_value(row)) {
			printf(":path:%s", actions[row->kind]);
		} else if (*row->value) {
			printf("::value:%s", actions[row->kind]); /* it may be left out */
		}
		puts("\" \\");
	}
}

static void print_zsh(void)
{
	puts("#compdef proot\n"
	     "# zsh completion for proot, made from src/cli/options.def");
	print_profiles();
	/* What they stand for is none of _arguments' affair. */
	puts("if [[ $words[CURRENT] == @* ]]; then\n"
	     "\tcompadd -- $(_proot_profiles)\n"
	     "\treturn\n"
	     "fi\n"
	     "local -i behind=${#${(M)words[1,CURRENT]:#@*}}\n"
	     "words=(\"${(@)words:#@*}\")\n"
	     "(( CURRENT -= behind ))\n"
	     "_arguments -S -A '-*' \\");
	for (size_t i = 0; i < ROW_COUNT; i++)
		if (!manual_rows[i].group)
			print_zsh_option(&manual_rows[i]);
	puts("  '1:rootfs or command:{ _command_names -e; _files -/ }' \\\n"
	     "  '*::argument:_normal'");
}

static void print_fish(void)
{
	puts("# fish completion for proot, made from src/cli/options.def");
	for (size_t i = 0; i < ROW_COUNT; i++) {
		const struct manual_row *row = &manual_rows[i];
		const char *names = row->group ? "" : row->names;
		const char *name;
		size_t length;

		if (row->group)
			continue;
		printf("complete -c proot");
		while ((length = next_name(&names, &name)))
			printf(" %s %.*s", name[1] == '-' ? "-l" : "-s", (int)length - 1 - (name[1] == '-'),
			       name + 1 + (name[1] == '-'));
		if (needs_value(row))
			printf(" -r");
		if (row->kind == WORDS_VALUE || row->kind == OPTIONS_VALUE) {
			printf(" -f -a '");
			if (row->kind == WORDS_VALUE)
				print_words(row->value);
			else
				print_bare_names();
			putchar('\'');
		}
		printf(" -d ");
		print_quoted(row->summary);
		putchar('\n');
	}
	puts("function __proot_profiles\n"
	     "\tfor directory in $XDG_CONFIG_HOME/proot ~/.config/proot /etc/proot\n"
	     "\t\tfor file in (command ls $directory 2>/dev/null)\n"
	     "\t\t\ttest -f $directory/$file; and echo @$file\n"
	     "\t\tend\n"
	     "\tend\n"
	     "end\n"
	     "complete -c proot -x -a '(__proot_profiles) (__fish_complete_subcommand)'");
}

int main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		void (*print)(void);
	} formats[] = { { "man", print_man },
			{ "bash", print_bash },
			{ "zsh", print_zsh },
			{ "fish", print_fish },
			{ "calls", manual_print_calls } };

	for (size_t i = 0; argc == 2 && i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(argv[1], formats[i].name)) {
			formats[i].print();
			return fflush(stdout) ? 1 : 0;
		}
	fputs("usage: manual man|bash|zsh|fish|calls\n", stderr);
	return 1;
}
