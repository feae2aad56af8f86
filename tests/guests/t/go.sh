#!/bin/sh
# Go: go build of a module, goroutines doing file I/O, processes, signals, tests, a static program.
. "$T/lib.sh"
GOCACHE=/tmp/gocache GOPATH=/tmp/gopath GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=0
export GOCACHE GOPATH GOFLAGS GOPROXY GOTOOLCHAIN CGO_ENABLED
mkdir -p m/lib && cd m || exit
echo 'module example.test/m' >go.mod
cat >lib/lib.go <<'GO'
// Package lib adds.
package lib

// Add adds.
func Add(a, b int) int { return a + b }
GO
cat >lib/lib_test.go <<'GO'
package lib

import (
	"os"
	"testing"
)

func TestAdd(t *testing.T) {
	if Add(1, 2) != 3 || os.WriteFile(t.TempDir()+"/x", nil, 0644) != nil {
		t.Fatal("wrong")
	}
}
GO
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"example.test/m/lib"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	dir, _ := os.Getwd()
	exe, _ := os.Executable()
	fmt.Println("go", lib.Add(20, 22), os.Args, dir, exe)
	var wait sync.WaitGroup
	var total int64
	for i := 0; i < 200; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			for j := 0; j < 20; j++ {
				name := fmt.Sprintf("g%d-%d", i, j)
				check(os.WriteFile(name, []byte(name), 0600))
				text, err := os.ReadFile(name)
				check(err)
				info, err := os.Stat(name)
				check(err)
				atomic.AddInt64(&total, int64(len(text))+info.Size())
				check(os.Rename(name, name+"x"))
				check(os.Remove(name + "x"))
				if j%10 == 0 {
					runtime.Gosched()
				}
			}
		}(i)
	}
	wait.Wait()
	fmt.Println("goroutines", total)
	check(os.MkdirAll("a/b/c", 0755))
	check(os.Symlink("b/c", "a/link"))
	real, err := filepath.EvalSymlinks("a/link")
	check(err)
	fmt.Println("link", real)
	_, err = os.Open("missing")
	fmt.Println(err)
	n := 0
	check(filepath.WalkDir("/usr/lib/go/", func(p string, d fs.DirEntry, err error) error { n++; return nil }))
	fmt.Println("walk", n > 0)
	for i := 0; i < 20; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			check(exec.Command("true").Run())
		}()
	}
	wait.Wait()
	out, err := exec.Command("sh", "-c", "echo from sh $0; exit 3").Output()
	fmt.Print(string(out), err, "\n")
	cmd := exec.Command("pwd")
	cmd.Dir = "/usr"
	out, _ = cmd.Output()
	fmt.Print("pwd ", string(out))
	fmt.Println(exec.Command("./missing").Run())
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	fmt.Println(exec.CommandContext(ctx, "sleep", "100").Run())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	check(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
	fmt.Println(<-signals)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go http.Serve(listener, http.FileServer(http.Dir("/usr/share/common-licenses")))
	reply, err := http.Get("http://" + listener.Addr().String() + "/BSD")
	check(err)
	body, _ := io.ReadAll(reply.Body)
	fmt.Println("http", reply.Status, len(body))
	unix, err := net.Listen("unix", "/tmp/work/gosock")
	check(err)
	go func() { c, _ := net.Dial("unix", "/tmp/work/gosock"); c.Write([]byte("hi")); c.Close() }()
	c, err := unix.Accept()
	check(err)
	text, _ := io.ReadAll(c)
	fmt.Println("unix", string(text), unix.Addr())
	unix.Close()
	func() {
		defer func() { fmt.Println("recovered", recover()) }()
		var p *int
		*p = 1
	}()
	os.Exit(4)
}
GO
run go build -o app .
./app one two
echo "[$?]"
rm -r a
GOMAXPROCS=8 GODEBUG=asyncpreemptoff=0 ./app | tail -n 3
rm -r a
file app | grep -o 'statically linked'
go test ./... 2>&1 | sed 's/[0-9.]*s$//' | tr -s '\t ' ' '
run go vet ./...
gofmt -l . && go list ./...
echo 'package main; import "C"; import ("fmt"; "os/user"); func main() { u, e := user.Lookup("root"); fmt.Println("cgo", u.HomeDir, e) }' >/tmp/work/cgo.go
cd /tmp/work && CGO_ENABLED=1 run go build -o cgo cgo.go && ./cgo
cd m && go run . 2>&1 | sed 's,/tmp/go-build[0-9]*,BUILD,g'
