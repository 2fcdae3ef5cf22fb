package visitor_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/caddy-cognito/caddy-cognito/plugin/internal/visitor"
)

// many is a limit that plays no part in a test.
const many = visitor.MaxLimit

// address is another one, in another network, for each n.
func address(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

// allowed makes n attempts and says how many were allowed.
func allowed(l *visitor.Limiter, n int, attempt func(i int) visitor.Attempt) (count int) {
	for i := range n {
		if wait, _ := l.Allow(attempt(i)); wait == 0 {
			count++
		}
	}
	return count
}

func expect(t *testing.T, l *visitor.Limiter, a visitor.Attempt, wait time.Duration, per string) {
	t.Helper()
	if gotWait, gotPer := l.Allow(a); gotWait != wait || gotPer != per {
		t.Errorf("expected %v by %q, got %v by %q", wait, per, gotWait, gotPer)
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	numbered := func(i int) visitor.Attempt {
		return visitor.Attempt{Address: address(i), User: strconv.Itoa(i), Client: strconv.Itoa(i)}
	}
	for name, test := range map[string]struct {
		limits  visitor.Limits
		attempt func(i int) visitor.Attempt
		want    int
		wait    time.Duration
		per     string
	}{
		"one address with many users": {visitor.Limits{}, func(i int) visitor.Attempt {
			return visitor.Attempt{Address: address(0), User: strconv.Itoa(i)}
		}, 60, time.Second, visitor.PerAddress},
		"one user from many addresses": {visitor.Limits{}, func(i int) visitor.Attempt {
			return visitor.Attempt{Address: address(i), User: "jo"}
		}, 12, 5 * time.Second, visitor.PerUser},
		"one client": {visitor.Limits{}, func(i int) visitor.Attempt {
			return visitor.Attempt{Address: address(i), User: strconv.Itoa(i), Client: "web"}
		}, 1200, time.Second, visitor.PerClient},
		"all together": {visitor.Limits{}, numbered, 2400, time.Second, visitor.PerAll},
		"one address without users": {visitor.Limits{}, func(int) visitor.Attempt {
			return visitor.Attempt{Address: address(0)}
		}, 60, time.Second, visitor.PerAddress},
		"one user and one address, whose bucket fills faster": {visitor.Limits{Address: 12, User: 12}, func(int) visitor.Attempt {
			return visitor.Attempt{Address: address(0), User: "jo"}
		}, 12, 5 * time.Second, visitor.PerAddress},
		"the one that takes longest": {visitor.Limits{Address: 3, User: 3, Client: 3, All: 3}, func(i int) visitor.Attempt {
			return visitor.Attempt{Address: address(0), User: "jo"}
		}, 3, 20 * time.Second, visitor.PerAddress},
		"another limit of a user":       {visitor.Limits{User: 1}, func(int) visitor.Attempt { return visitor.Attempt{User: "jo"} }, 1, time.Minute, visitor.PerUser},
		"a wait is in whole seconds":    {visitor.Limits{User: 7}, func(int) visitor.Attempt { return visitor.Attempt{User: "jo"} }, 7, 9 * time.Second, visitor.PerUser},
		"a limit below zero is none":    {visitor.Limits{User: -1}, func(int) visitor.Attempt { return visitor.Attempt{User: "jo"} }, 12, 5 * time.Second, visitor.PerUser},
		"a user in different spellings": {visitor.Limits{}, func(i int) visitor.Attempt { return visitor.Attempt{User: []string{"Jo", "jo", " JO\n"}[i%3]} }, 12, 5 * time.Second, visitor.PerUser},
		"one network of IPv6": {visitor.Limits{}, func(i int) visitor.Attempt {
			return visitor.Attempt{Address: netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2:%x::%x", i, i))}
		}, 60, time.Second, visitor.PerAddress},
		"one network of IPv6, by zones": {visitor.Limits{}, func(i int) visitor.Attempt {
			return visitor.Attempt{Address: netip.MustParseAddr("fe80::1").WithZone(strconv.Itoa(i))}
		}, 60, time.Second, visitor.PerAddress},
		"an IPv4 address, mapped or not": {visitor.Limits{}, func(i int) visitor.Attempt {
			return visitor.Attempt{Address: netip.MustParseAddr([]string{"192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.1%eth0"}[i%3])}
		}, 60, time.Second, visitor.PerAddress},
		"addresses that are invalid": {visitor.Limits{}, func(i int) visitor.Attempt {
			return visitor.Attempt{User: strconv.Itoa(i)}
		}, 60, time.Second, visitor.PerAddress},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := visitor.NewLimiter(test.limits)
				if got := allowed(l, test.want+5, test.attempt); got != test.want {
					t.Errorf("expected %d attempts, got %d", test.want, got)
				}
				expect(t, l, test.attempt(test.want), test.wait, test.per)
			})
		})
	}
}

func TestOthersAreNotBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := visitor.NewLimiter(visitor.Limits{Address: 1, User: 1})
		for _, a := range []visitor.Attempt{
			{Address: netip.MustParseAddr("192.0.2.1"), User: "jo"},
			{Address: netip.MustParseAddr("192.0.2.2"), User: "jo2"},
			{Address: netip.MustParseAddr("2001:db8::1"), User: "j"},
			{Address: netip.MustParseAddr("2001:db8:0:1::1"), User: "o"},
			{Address: netip.MustParseAddr("::1"), User: "jo", Client: "app"},
			{User: ""},
		} {
			expect(t, l, a, 0, "")
		}
	})
}

func TestAnOfficeBehindOneAddressSignsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := visitor.NewLimiter(visitor.Limits{})
		person := func(i int) visitor.Attempt {
			return visitor.Attempt{Address: address(0), User: strconv.Itoa(i)}
		}
		if got := allowed(l, 60, person); got != 60 {
			t.Errorf("expected 60 at once, got %d", got)
		}
		for i := range 120 {
			time.Sleep(time.Second)
			expect(t, l, person(i), 0, "")
		}
	})
}

func TestWhatIsRefusedIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := visitor.NewLimiter(visitor.Limits{Address: 2, User: 2, Client: 5, All: 6})
		at := func(n int, user string) visitor.Attempt { return visitor.Attempt{Address: address(n), User: user} }
		allowed(l, 100, func(int) visitor.Attempt { return at(0, "jo") })
		expect(t, l, at(0, "mo"), 30*time.Second, visitor.PerAddress)
		expect(t, l, at(1, "jo"), 30*time.Second, visitor.PerUser)
		for range 2 { // neither mo nor the address 1, nor client and all, paid for any of that
			expect(t, l, at(1, "mo"), 0, "")
		}
		expect(t, l, at(2, "bo"), 0, "")
		expect(t, l, at(2, "bo"), 12*time.Second, visitor.PerClient)
	})
}

func TestWhoWaitsIsAllowed(t *testing.T) {
	for _, limit := range []int{1, 2, 3, 7, 11, 12, 13, 49, 59, 60, 61, 97, 1200} {
		synctest.Test(t, func(t *testing.T) {
			l := visitor.NewLimiter(visitor.Limits{Address: limit})
			a := visitor.Attempt{Address: address(0)}
			for range 50 {
				time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
				allowed(l, limit, func(int) visitor.Attempt { return a })
				wait, per := l.Allow(a)
				if wait < time.Second || per != visitor.PerAddress {
					t.Fatalf("expected a wait, got %v by %q", wait, per)
				}
				time.Sleep(wait - time.Second)
				if early, _ := l.Allow(a); early != 0 && early != time.Second {
					t.Errorf("expected 1s to be left of %v at %d a minute, got %v", wait, limit, early)
				}
				time.Sleep(time.Second)
				expect(t, l, a, 0, "")
			}
		})
	}
}

// unbounded is a limiter that forgets nothing.
type unbounded struct {
	limits  map[string]int
	buckets map[string]*rate.Limiter
}

func (u *unbounded) allow(a visitor.Attempt) bool {
	now := time.Now()
	var used []*rate.Limiter
	for kind, name := range map[string]string{visitor.PerAddress: a.Address.String(), visitor.PerUser: a.Client + " " + a.User, visitor.PerClient: a.Client, visitor.PerAll: ""} {
		key := kind + " " + name
		if u.buckets[key] == nil {
			u.buckets[key] = rate.NewLimiter(rate.Limit(float64(u.limits[kind])/60), u.limits[kind])
		}
		if u.buckets[key].TokensAt(now) < 1 {
			return false
		}
		used = append(used, u.buckets[key])
	}
	for _, bucket := range used {
		bucket.AllowN(now, 1)
	}
	return true
}

// An attacker tries at random as often as he likes, among more users and addresses
// than are remembered. It makes no difference that they are not.
func TestNobodyMakesItForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := visitor.NewLimiter(visitor.Limits{Address: 3, User: 2, Client: 15, All: 20})
		reference := &unbounded{map[string]int{visitor.PerAddress: 3, visitor.PerUser: 2, visitor.PerClient: 15, visitor.PerAll: 20}, make(map[string]*rate.Limiter)}
		random := rand.New(rand.NewPCG(1, 2))
		count := 0
		for i := range 100_000 {
			a := visitor.Attempt{Address: address(random.IntN(500)), User: strconv.Itoa(random.IntN(500)), Client: strconv.Itoa(random.IntN(2))}
			if random.IntN(3) == 0 {
				a.User = "jo"
			}
			wait, _ := l.Allow(a)
			if want := reference.allow(a); want != (wait == 0) {
				t.Fatalf("attempt %d: expected %v, got a wait of %v", i, want, wait)
			}
			if wait == 0 {
				count++
			}
			time.Sleep(time.Duration(random.IntN(500)) * time.Millisecond)
		}
		if len(reference.buckets) < 1000 || count < 1000 {
			t.Fatalf("expected more than is remembered, got %d buckets and %d attempts", len(reference.buckets), count)
		}
	})
}

// Whoever guesses at one user tries all others in between, from a network of bots.
func TestAnAttackerCannotRefillTheBucketOfAUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := visitor.NewLimiter(visitor.Limits{})
		guesses := 0
		for i := range 100_000 {
			if i%7 == 0 { // not in step with the bucket for all, which the others would empty each time
				guesses += allowed(l, 1, func(int) visitor.Attempt { return visitor.Attempt{Address: address(2 * i), User: "jo"} })
			}
			l.Allow(visitor.Attempt{Address: address(2*i + 1), User: "user " + strconv.Itoa(i)})
			time.Sleep(6 * time.Millisecond)
		}
		if guesses > 12+12*10 {
			t.Errorf("expected 12 guesses at once and 12 a minute, got %d in 10 minutes", guesses)
		}
	})
}

// Whoever is refused is not counted, so there is no bound to how often he can
// touch what is remembered of others.
func TestRefusedAttemptsMakeItForgetNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := visitor.NewLimiter(visitor.Limits{Address: 20, User: 2, Client: 20, All: 20})
		other := func(i int) visitor.Attempt {
			return visitor.Attempt{Address: address(i), User: "user " + strconv.Itoa(i)}
		}
		allowed(l, 20, other) // what can be had at once
		for i := range 200 {  // far more than are remembered
			time.Sleep(3 * time.Second)
			expect(t, l, other(20+i), 0, "")
		}
		time.Sleep(6 * time.Second)
		jo := func(int) visitor.Attempt { return visitor.Attempt{Address: address(1000), User: "jo"} }
		if got := allowed(l, 3, jo); got != 2 {
			t.Fatalf("expected two guesses, got %d", got)
		}
		if got := allowed(l, 220, other); got != 0 {
			t.Fatalf("expected no attempt to be left, got %d", got)
		}
		time.Sleep(3 * time.Second)
		expect(t, l, other(220), 0, "")
		time.Sleep(3 * time.Second)
		if got := allowed(l, 1, jo); got != 0 {
			t.Error("expected jo to be remembered")
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	l := visitor.NewLimiter(visitor.Limits{Address: many, Client: many, All: many, User: 50})
	var count atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			count.Add(int64(allowed(l, 50, func(i int) visitor.Attempt { return visitor.Attempt{Address: address(i), User: "jo"} })))
		})
	}
	all.Wait()
	if got := count.Load(); got < 50 || got > 60 {
		t.Errorf("expected some 50 attempts, got %d", got)
	}
}

func TestNoLimitIsTooHigh(t *testing.T) {
	l := visitor.NewLimiter(visitor.Limits{Address: 1 << 62, User: 1 << 62, Client: 1 << 62, All: 1 << 62})
	if got := allowed(l, 1000, func(int) visitor.Attempt { return visitor.Attempt{User: "jo"} }); got != 1000 {
		t.Errorf("expected 1000 attempts, got %d", got)
	}
}

func BenchmarkAllow(b *testing.B) {
	for _, test := range []struct {
		name    string
		limits  visitor.Limits
		attempt func(i int) visitor.Attempt
	}{
		{"refused", visitor.Limits{}, func(int) visitor.Attempt {
			return visitor.Attempt{Address: address(0), User: "jo@example.com", Client: "web"}
		}},
		{"known", visitor.Limits{Address: many, User: many, Client: many, All: many}, func(i int) visitor.Attempt {
			return visitor.Attempt{Address: address(i % 1000), User: "jo@example.com", Client: "web"}
		}},
		{"new", visitor.Limits{Address: many, User: many, Client: many, All: many}, func(i int) visitor.Attempt {
			return visitor.Attempt{Address: address(i), User: "jo@example.com", Client: "web"}
		}},
	} {
		b.Run(test.name, func(b *testing.B) {
			var l *visitor.Limiter
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if i%many == 0 { // the bucket for all is empty
					l = visitor.NewLimiter(test.limits)
				}
				l.Allow(test.attempt(i))
				i++
			}
		})
	}
}
