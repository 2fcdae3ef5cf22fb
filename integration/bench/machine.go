package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
)

// machine says what the figures were measured on and of.
func (l *lab) machine() string {
	text := fmt.Sprintf("%d cores%s, %s, %s; %d connections, medians of %d pairs of %s; p50 and p99 one request at a time.\n",
		runtime.NumCPU(), processor(), kernel(), runtime.Version(), l.connections, l.pairs, l.duration)
	if _, err := exec.LookPath("taskset"); err != nil || runtime.NumCPU() < 2 {
		text += "The proxies share their cores with the load: taskset or a second core is missing.\n"
	}
	if l.short {
		text += fmt.Sprintf("A short run, with %d tokens at the most: its figures mean little.\n", shortTokens)
	}
	text += "Versions:"
	for _, p := range programs {
		if got, ok := l.kit.have[p]; ok && got.err == nil && p != plugin {
			text += fmt.Sprintf(" %s: %s;", p.name, got.version)
		}
	}
	return strings.TrimRight(text, ";") + ".\n"
}

var modelName = regexp.MustCompile(`(?m)^model name\s*: (.*)$`)

func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	if match := modelName.FindSubmatch(info); match != nil {
		return fmt.Sprintf(" (%s)", match[1])
	}
	return ""
}

func kernel() string {
	release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace("Linux " + string(release))
}
