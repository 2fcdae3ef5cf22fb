//go:build unix

package minio

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// tryLock locks a file until it is closed, unless it is locked already. The
// system unlocks it also when the process dies.
func tryLock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// ownGroup keeps the signals of a terminal, such as Ctrl-C, from a program:
// who started it ends it, after what still needs it.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
