/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's environment: what --env, --unset-env and --clear-env make of one.
 */
#define _GNU_SOURCE 1
#include "cli/environment.h"
#include "tap.h"

#include <stdio.h>
#include <string.h>

static char *const own[] = { "A=1", "B=two words", "C=", "A=again", "D=x=y", NULL };

#define SET ENVIRONMENT_SET
#define UNSET ENVIRONMENT_UNSET
#define CLEAR ENVIRONMENT_CLEAR

/* Whether REQUESTS make OWN into WANTED, whose variables are separated by commas. */
static bool makes(const struct environment_request *requests, size_t count, const char *wanted)
{
	struct environment environment;
	char line[512] = "";
	bool is_right;

	environment_begin(&environment, environment_source(requests, count, own));
	environment_apply(&environment, requests, count, own);
	for (size_t i = 0; i < environment.count; i++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", i ? "," : "",
			 environment.variables[i]);
	is_right = !strcmp(line, wanted) && !environment.variables[environment.count] && !environment.has_failed;
	if (!is_right)
		printf("# %s\n", line);
	environment_free(&environment);
	return is_right;
}

#define MAKES(wanted, ...) \
	makes((struct environment_request[]){ __VA_ARGS__ }, \
	      sizeof((struct environment_request[]){ __VA_ARGS__ }) / sizeof(struct environment_request), wanted)

static void test_requests(void)
{
	ok(makes(NULL, 0, "A=1,B=two words,C=,A=again,D=x=y"), "without a request it is as it was");
	ok(MAKES("A=1,B=new,C=,A=again,D=x=y", { SET, "B=new" }), "one that is there");
	ok(MAKES("A=1,B=two words,C=,A=again,D=x=y,E=f=g", { SET, "E=f=g" }), "one that is not");
	ok(MAKES("A=1,B=two words,C=,A=again,D=x=y,E=", { SET, "E=" }), "one without a value");
	ok(MAKES("B=two words,C=,D=x=y", { UNSET, "A" }), "one that is there twice is unset");
	ok(MAKES("A=1,B=two words,C=,A=again,D=x=y", { UNSET, "NONE" }), "one that is not there is unset");
	ok(MAKES("A=1,B=two words,C=,A=again,D=x=y", { SET, "NONE" }), "one that proot has not");
	ok(MAKES("", { CLEAR, "" }), "none");
	ok(MAKES("B=two words,E=1", { SET, "X=1" }, { CLEAR, "" }, { SET, "B" }, { SET, "E=1" }), "none but two");
	ok(MAKES("E=2", { CLEAR, "" }, { SET, "E=1" }, { SET, "E=2" }), "the last counts");
	ok(MAKES("", { CLEAR, "" }, { SET, "E=1" }, { UNSET, "E" }), "set and unset");
}

static void test_many(void)
{
	struct environment environment;
	char name[16];
	bool is_right = true;

	environment_begin(&environment, NULL);
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "V%u", i);
		environment_set(&environment, name, name);
	}
	for (unsigned int i = 0; i < 1000; i += 2) {
		snprintf(name, sizeof(name), "V%u", i);
		environment_unset(&environment, name);
	}
	for (unsigned int i = 0; i < 1000; i++) {
		const char *value;

		snprintf(name, sizeof(name), "V%u", i);
		value = environment_get(&environment, name);
		is_right &= i % 2 ? value && !strcmp(value, name) : !value;
	}
	ok(is_right && environment.count == 500, "a thousand set, and every other one unset");
	environment_free(&environment);
}

int main(void)
{
	test_requests();
	test_many();
	return plan_done();
}
