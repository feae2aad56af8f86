/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE 1
#include "cli/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\v\f"
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* A text that grows; TEXT is NULL when there was no memory. */
struct growing {
	char *text;
	size_t length;
};

static void add(struct growing *growing, const char *part, size_t length)
{
	char *grown = growing->text ? realloc(growing->text, growing->length + length + 1) : NULL;

	if (!grown) {
		free(growing->text);
		growing->text = NULL;
		return;
	}
	memcpy(grown + growing->length, part, length);
	growing->text = grown;
	growing->length += length;
	grown[growing->length] = '\0';
}

/* LINE without blanks at its ends; its end is written to. */
static char *trim(char *line)
{
	size_t length;

	line += strspn(line, BLANKS);
	length = strlen(line);
	while (length && strchr(BLANKS, line[length - 1]))
		length--;
	line[length] = '\0';
	return line;
}

char *profile_next_line(char **text, unsigned int *number)
{
	while (**text) {
		char *line = *text;
		size_t length = strcspn(line, "\n");

		*text += length + (line[length] == '\n');
		line[length] = '\0';
		++*number;
		line = trim(line);
		if (*line && *line != '#')
			return line;
	}
	return NULL;
}

/* Behind the name of LENGTH bytes: where its value begins, or NULL where there is none. */
static const char *find_value(const char *line, size_t length)
{
	const char *at = line + length, *value = at + strspn(at, BLANKS);

	/* "NAME =VALUE" is a value that begins so. */
	if (*value == '=' && (value == at || !value[1] || strchr(BLANKS, value[1])))
		return value + 1 + strspn(value + 1, BLANKS);
	return *value ? value : NULL;
}

char *profile_make_word(const char *line)
{
	bool is_short = line[0] == '-' && line[1] != '-';
	size_t length = is_short ? strnlen(line, 2) : strcspn(line, BLANKS "=");
	const char *value = is_short ? line + length + strspn(line + length, BLANKS) : find_value(line, length);
	const char *dashes = line[0] == '-' ? "" : "--", *joint = value && !is_short ? "=" : "";
	char *word;

	return asprintf(&word, "%s%.*s%s%s", dashes, (int)length, line, joint, value ? value : "") < 0 ? NULL : word;
}

/* The name behind the dollar at AT: where it begins and its length, 0 for none; *END is behind it. */
static const char *find_name(const char *at, size_t *length, const char **end)
{
	bool is_braced = at[1] == '{';
	const char *name = at + 1 + is_braced;

	*length = strspn(name, NAME_LETTERS);
	*end = name + *length;
	if (is_braced && **end == '}')
		++*end;
	else if (is_braced)
		*length = 0;
	return name;
}

/* What the variable of LENGTH bytes at NAME is set to; NULL when it is not. */
static const char *look_up(const char *(*variable)(const char *name), const char *name, size_t length)
{
	char copy[256];

	if (!length || length >= sizeof(copy))
		return NULL;
	memcpy(copy, name, length);
	copy[length] = '\0';
	return variable(copy);
}

/* What the dollar at *VALUE begins, to OUT; *VALUE moves behind it. False: that is no variable that is set. */
static bool add_variable(struct growing *out, const char **value, struct profile_variables *variables)
{
	const char *end, *found;
	size_t length;

	if ((*value)[1] == '$') {
		add(out, "$", 1);
		*value += 2;
		return true;
	}
	variables->missing = find_name(*value, &length, &end);
	variables->length = length;
	found = look_up(variables->get, variables->missing, length);
	if (!length) {
		variables->missing = *value;
		variables->length = strlen(*value);
	}
	if (found)
		add(out, found, strlen(found));
	*value = end;
	return found;
}

char *profile_expand(const char *value, struct profile_variables *variables)
{
	struct growing out = { strdup(""), 0 };

	while (out.text && *value) {
		size_t plain = strcspn(value, "$");

		add(&out, value, plain);
		value += plain;
		if (*value && !add_variable(&out, &value, variables)) {
			free(out.text);
			return NULL;
		}
	}
	variables->missing = NULL;
	return out.text;
}

/* One path, of LENGTH bytes. */
static void add_path(struct growing *out, const char *path, size_t length, const char *file, const char *home)
{
	const char *slash = strrchr(file, '/');

	if (length && *path == '~' && (length == 1 || path[1] == '/') && home) {
		add(out, home, strlen(home));
		path++;
		length--;
	} else if (length && *path != '/' && slash) {
		add(out, file, (size_t)(slash - file) + 1);
	}
	add(out, path, length);
}

char *profile_make_absolute(const char *value, unsigned int pieces, const char *file, const char *home)
{
	struct growing out = { strdup(""), 0 };

	if (!pieces)
		add_path(&out, value, strlen(value), file, home);
	for (; pieces && *value; pieces--) {
		size_t length = strcspn(value, ":");

		add_path(&out, value, length, file, home);
		value += length;
		if (*value)
			add(&out, value++, 1);
		if (pieces == 1)
			add(&out, value, strlen(value));
	}
	return out.text;
}

char *profile_take_word(const char **at, struct profile_variables *variables)
{
	const char *from = *at + strspn(*at, BLANKS);
	struct growing out = { *from ? strdup("") : NULL, 0 };
	char quote = 0;

	variables->missing = NULL;
	while (out.text && *from && (quote || !strchr(BLANKS, *from))) {
		if (quote ? *from == quote : *from == '\'' || *from == '"') {
			quote = quote ? 0 : *from;
			from++;
		} else if (*from != '$' || quote == '\'') {
			add(&out, from++, 1);
		} else if (!add_variable(&out, &from, variables)) {
			free(out.text);
			return NULL;
		}
	}
	variables->missing = quote ? from : NULL;
	variables->length = 0;
	*at = from;
	if (!quote)
		return out.text;
	free(out.text);
	return NULL;
}

bool profile_find_places(const char *name, const char *(*variable)(const char *name), char *places[PROFILE_PLACES])
{
	const char *xdg = variable("XDG_CONFIG_HOME"), *home = variable("HOME");
	int status = 0;

	memset(places, 0, PROFILE_PLACES * sizeof(*places));
	if (xdg && *xdg == '/')
		status = asprintf(&places[0], "%s/proot/%s", xdg, name);
	if (home && *home == '/' && status >= 0)
		status = asprintf(&places[1], "%s/.config/proot/%s", home, name);
	if (status >= 0)
		status = asprintf(&places[2], "/etc/proot/%s", name);
	return status >= 0;
}
