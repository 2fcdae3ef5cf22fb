package faults_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// storageRows are about the storage of Caddy, where keys of sessions and sign-outs
// are.
func storageRows() []row {
	return []row{
		row{name: "the storage of Caddy is read-only", also: "Sign-outs of this time are in memory until it is back"}.ofStorage(readOnly),
		row{name: "the storage of Caddy is full"}.ofStorage(full),
		row{name: "the storage of Caddy cannot be read"}.ofStorage(gone),
		row{name: "the storage of Caddy hangs"}.ofStorage(hanging),
	}
}

// processRows are about the process itself.
func processRows() []row {
	return []row{
		reloads(),
		kills(),
		killDuringOutage(),
		stops(),
	}
}

// reloads loads the configuration again, every second or as fast as that goes.
func reloads() row {
	var done chan struct{}
	var running sync.WaitGroup
	var loaded atomic.Int64
	return row{
		name: "the configuration is loaded again every second",
		begin: func(w *world) {
			done = make(chan struct{})
			running.Go(func() {
				for ticker := time.NewTicker(time.Second); ; {
					w.at[0].reload()
					loaded.Add(1)
					select {
					case <-ticker.C:
					case <-done:
						ticker.Stop()
						return
					}
				}
			})
		},
		end: func(*world) {
			close(done)
			running.Wait()
		},
		met: func(*world) error {
			if n := loaded.Load(); n < 8 {
				return fmt.Errorf("it was loaded %d times", n)
			}
			return nil
		},
		sees:  sights{}.dropping(refused),
		judge: faresAsBare,
	}
}

// faresAsBare compares calls with the same on routes without the plugin, which
// half of the connections and half of the load are for.
func faresAsBare(w *world, during *phase) {
	w.Helper()
	good, bad := during.counts(callers)
	bareGood, bareBad := during.counts(bare)
	w.Logf("API calls: %d served, %d not; without the plugin: %d served, %d not", good, bad, bareGood, bareBad)
	if bad > 2*bareBad+2 {
		w.Errorf("expected hardly more failures than without the plugin, got %d against %d", bad, bareBad)
	}
}

// restart brings a process back that has ended.
func (i *instance) restart() {
	i.Helper()
	i.start()
	i.awaitReady()
}

func kills() row {
	return row{
		name: "Caddy is killed and starts again, three times",
		begin: func(w *world) {
			for range 3 {
				w.at[0].kill()
				w.at[0].restart()
				between := newPhase("between two crashes", w.load.phase().sees)
				w.load.enter(between)
				eventually(w.T, "all are served again", func() error { return between.lacksRow(w.load.asking(), 1) })
			}
		},
		sees: sights{}.dropping(refused),
	}
}

func killDuringOutage() row {
	down := allOfCognito()
	begin := down.begin
	down.name = "Caddy is killed and starts again while nobody can connect to Cognito"
	down.begin = func(w *world) {
		begin(w)
		w.at[0].kill()
		w.at[0].restart()
	}
	down.sees = sights{
		browsers: sees(sessionUnavailable), readers: sees(unavailable).or("502 answer"), uploaders: sees(unavailable).or("502 answer"),
		signers: sees(unavailable).or("502 answer"), hosted: {may: []outcome{refused, "502 page", "503 page"}},
	}.dropping(refused)
	return down
}

// stops ends Caddy as a service manager does.
func stops() row {
	return row{
		name: "Caddy is stopped by SIGTERM and starts again",
		begin: func(w *world) {
			w.at[0].stop()
			w.at[0].restart()
		},
		sees:  sights{}.dropping(refused),
		judge: faresAsBare,
	}
}

const isolation = "A sign-out counts at its own instance, and at the others 10 seconds after the storage is back"

// fleetRows are about two instances that share a storage. Clients who cannot
// connect to one go to the other.
func fleetRows() []row {
	return []row{
		{
			name:  "one of two instances is killed",
			begin: func(w *world) { w.at[0].kill() },
			met:   after(aRefresh),
			end:   func(w *world) { w.at[0].restart() },
			sees:  sights{}.dropping(),
		},
		{
			name:  "the other of two instances is stopped",
			begin: func(w *world) { w.at[1].stop() },
			met:   after(aRefresh),
			end:   func(w *world) { w.at[1].restart() },
			sees:  sights{}.dropping(),
		},
		row{name: "the storage that two instances share is read-only", also: isolation}.ofStorage(readOnly),
		row{name: "the storage that two instances share hangs", also: isolation}.ofStorage(hanging),
	}
}
