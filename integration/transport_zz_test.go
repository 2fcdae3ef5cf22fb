package integration_test
import ("testing";"fmt";"time")
func TestZZ(t *testing.T){
	w := startedService(t, signing{transport:"inject", proxy:"health_uri /healthz\nhealth_interval 50ms"})
	time.Sleep(300*time.Millisecond)
	for _,l := range w.logLines(){ if l["level"]!="debug" || true {fmt.Println(l["level"],l["logger"],l["msg"],l["error"],l["host"])} }
	fmt.Println(w.service.take())
}
