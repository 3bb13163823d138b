package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/wuying-go/appstreaming/bench/internal/measure"
	"github.com/wuying-go/appstreaming/bench/internal/report"
	"github.com/wuying-go/appstreaming/bench/internal/stub"
)

// start is a program's cold start: medians over many starts, and the size of
// its executable.
type start struct {
	name             string
	firstPage, total float64 // nanoseconds: until the first page is there; CPU time of the process
	bytes            int64
}

// coldStart compares two programs that list one page and end.
type coldStart struct{ ours, plain start }

// measureCold builds the programs once and starts them in turns.
func measureCold(starts int, file string) (coldStart, error) {
	child, err := stub.Start(stub.Config{Body: file})
	if err != nil {
		return coldStart{}, err
	}
	defer child.Close()
	dir, err := os.MkdirTemp("", "coldstart")
	if err != nil {
		return coldStart{}, err
	}
	defer os.RemoveAll(dir)

	names := []string{"coldours", "coldplain"}
	for _, name := range names {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name), "github.com/wuying-go/appstreaming/bench/cmd/"+name)
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return coldStart{}, fmt.Errorf("build %s: %w", name, err)
		}
	}
	const warmUp = 2 // until the executables are in memory
	firstPage, total := make([][]float64, len(names)), make([][]float64, len(names))
	for round := range warmUp + starts {
		for turn := range names {
			i := (turn + round) % len(names)
			wall, cpu, err := startOnce(filepath.Join(dir, names[i]), child.URL)
			if err != nil {
				return coldStart{}, fmt.Errorf("%s: %w", names[i], err)
			}
			if round >= warmUp {
				firstPage[i] = append(firstPage[i], float64(wall))
				total[i] = append(total[i], float64(cpu))
			}
		}
	}
	result := make([]start, len(names))
	for i, label := range []string{"appstreaming", "net/http + encoding/json"} {
		info, err := os.Stat(filepath.Join(dir, names[i]))
		if err != nil {
			return coldStart{}, err
		}
		result[i] = start{label, measure.Median(firstPage[i]), measure.Median(total[i]), info.Size()}
	}
	return coldStart{result[0], result[1]}, nil
}

// startOnce runs a program, which writes a line when it has its first page.
func startOnce(program, endpoint string) (firstPage, cpu time.Duration, err error) {
	command := exec.Command(program, endpoint)
	command.Stderr = os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	if err := command.Start(); err != nil {
		return 0, 0, err
	}
	_, readErr := bufio.NewReader(stdout).ReadString('\n')
	firstPage = time.Since(begin)
	if err := command.Wait(); err != nil {
		return 0, 0, err
	}
	if readErr != nil {
		return 0, 0, fmt.Errorf("no page: %w", readErr)
	}
	return firstPage, command.ProcessState.UserTime() + command.ProcessState.SystemTime(), nil
}

func printCold(out io.Writer, c coldStart) {
	fmt.Fprintf(out, "From the start of a process to its first page of 100 images:\n\n")
	var rows [][]string
	for _, s := range []start{c.ours, c.plain} {
		rows = append(rows, []string{s.name, report.Duration(s.firstPage), report.Duration(s.total), report.Bytes(float64(s.bytes))})
	}
	report.Table(out, []string{"program", "time", "CPU", "executable"}, rows)
}
