#!/bin/sh
# git: init add commit branch merge rebase clone log status gc worktree submodule stash hooks.
. "$T/lib.sh"
GIT_AUTHOR_DATE='2001-02-03T04:05:06Z'
GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
export GIT_AUTHOR_DATE GIT_COMMITTER_DATE
git config --global user.name Guest
git config --global user.email guest@localhost
git config --global init.defaultBranch main
git config --global gc.auto 0
git init repo
cd repo || exit
cp -r /usr/share/perl5/Git* /usr/include/linux .
git add . && git commit -q -m first && git log --stat --format=%H | tail -n 1
git rev-parse HEAD
git status --short
sed -i 's/sub /sub  /' Git.pm && rm linux/stat.h && echo new >new && ln -s new link && mkdir sub && echo x >sub/x
git status --short
git diff --stat
git add -A && git commit -q -m second && git show --stat --format=%s
git checkout -q -b side HEAD~1 && echo side >side && git add side && git commit -q -m side
git checkout -q main && git merge -q -m merge side && git log --graph --oneline --format=%s
git checkout -q -b conflict HEAD~1 && echo other >new && git commit -qam conflict
git checkout -q main && echo mine >new && git commit -qam mine && try git merge conflict
git status --short && git checkout -q --ours new && git add new && git commit -q -m resolved && cat new
git checkout -q -b rebased side && echo r >r && git add r && git commit -q -m r && git rebase -q main && git log --format=%s | head -n 2
git checkout -q main && echo dirty >>new && git stash -q && git status --short && git stash pop && git checkout -q new
git tag -a v1 -m v1 && git describe && git branch -a
printf '#!/bin/sh\necho hook in $PWD\nexit 1\n' >.git/hooks/pre-commit && chmod +x .git/hooks/pre-commit
echo hook >>new && try git commit -am hook && rm .git/hooks/pre-commit && git checkout -q new
git gc -q --prune=now && git fsck --strict && git count-objects -v | grep -v size
cd .. && git clone -q repo local && git clone -q "file://$PWD/repo" transported && git clone -q --bare repo bare.git
git -C local rev-parse HEAD && git -C transported log --oneline | wc -l
cd local && echo push >push && git add push && git commit -q -m push && git push -q origin HEAD:pushed
git -C ../repo rev-parse pushed && git remote -v
git worktree add -q ../tree v1 2>/dev/null && git worktree list | cut -d ' ' -f 1 && git -C ../tree status --short
git -c protocol.file.allow=always submodule --quiet add ../transported module && git submodule status | cut -c 2-49
git grep -n 'define STAT' | head -n 3
git blame -s new && git archive HEAD | tar -tf - | wc -l
git bisect start -q 2>/dev/null; git bisect bad 2>/dev/null; git bisect good HEAD~3 2>/dev/null | head -n 1
git bisect run true 2>&1 | grep -c 'first bad'
try git -C /missing status
cd /tmp && git status 2>&1 | head -n 1
(git daemon --reuseaddr --listen=127.0.0.1 --port=19418 --base-path=/tmp/work --export-all --pid-file=/tmp/work/pid &) 2>/dev/null
until_true git ls-remote git://127.0.0.1:19418/repo
git clone -q git://127.0.0.1:19418/repo /tmp/work/over-tcp && git -C /tmp/work/over-tcp log --oneline | wc -l
kill "$(cat /tmp/work/pid)"
