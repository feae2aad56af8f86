#!/bin/sh
# CPython's own tests of what it asks the kernel for: each test's verdict.
. "$T/lib.sh"
for module in ${CPYTHON_TESTS:-test_os test_posix test_pathlib test_shutil test_subprocess test_glob test_tempfile \
	test_socket test_signal}; do
	echo "== $module"
	python3 -m test -v "$module" >log 2>&1 </dev/null
	grep -E '^test_.* \.\.\. ' log | sed 's/ \.\.\. .*\(ok\|FAIL\|ERROR\|skipped .*\)$/ \1/' | sort
	tail -n 2 log | grep -v Total
done
