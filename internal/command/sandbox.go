// Copyright IonRoller Authors
// SPDX-License-Identifier: MPL-2.0

package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox/faults"
)

func newSandbox() *cobra.Command {
	var (
		config  sandbox.Config
		seed    uint64
		wrong   []string
		own     []string
		asJSON  bool
		verbose bool
	)
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run an AWS on loopback, with real traffic",
		Long: `Runs an AWS on loopback: STS, S3, Elastic Beanstalk, Elastic Load Balancing,
Auto Scaling, CloudFormation, CloudWatch and EC2, as far as ionroller calls them,
with one load balancer, a listener, a VPC with subnets and a bucket ready.

Environments run a built-in HTTP service that answers with its version; the load
balancer takes real requests at the address printed. Set the endpoint's host name
in the Host header:

    curl -H 'Host: checkout.example.com' "$LOAD_BALANCER_URL"

It runs until it is interrupted, and keeps nothing.

--run puts a command in place of the built-in service for the instances of an
image (without tag), each as a process on a port of its own:

    ionroller sandbox --run 'acme/checkout=./checkout --port {port}'

Placeholders are {port}, {version}, {environment} and {instance}; the variables
PORT, VERSION and those of the environment are set. Words are split at blanks,
quotes hold them together, and there is no shell unless the command starts one.
Its output is logged to standard error. It is told to end (SIGTERM, and SIGKILL
after 5 seconds) with all that it has started when its instance is terminated or
the sandbox ends; a second interrupt does not wait. When it ends by itself its
target gets unhealthy, and the instance is replaced.

--fault makes things go wrong, for a service or service:Operation (* for any):

    --fault 'elasticloadbalancing:ModifyRule error=InternalFailure nth=2'
    --fault 'elastic* stale=3s' --fault '* throttle' --fault 's3 latency=50ms'

  delay=TIME        between a call's arrival and its effect, which comes even when
                    the client has gone
  latency=TIME      between the effect and the answer
  error=CODE        is answered, without effect; status=N sets the HTTP status
  throttle          refuses what is over AWS's rates; throttle=BURST/REFILL sets others
  drop              breaks the connection after the effect
  stale=TIME        reads do not see changes that are younger (never in S3)
  propagation=TIME  traffic follows changes of rules so much later
  race              environments choose their rules' priorities too early, so that
                    two launches at once can collide (elasticbeanstalk:CreateEnvironment)

nth=N befalls the n-th matching call only, times=N at most so many, rate=SHARE a
share of them, by chance that --seed repeats. A launch of an instance is
autoscaling:Launch. TIME is real time. GET, PUT and DELETE of
$AWS_ENDPOINT_URL/_sandbox/faults show and change faults, as JSON, at any time.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if config.Speed <= 0 || config.TimeScale <= 0 {
				return usage(cmd, fmt.Errorf("--speed %v, --time-scale %v: they must be more than zero", config.Speed, config.TimeScale))
			}
			var err error
			if config.Faults, err = parseFaults(seed, wrong); err != nil {
				return usage(cmd, err)
			}
			if config.Run, err = parseCommands(own); err != nil {
				return usage(cmd, err)
			}
			config.Logger = sandboxLog(cmd.ErrOrStderr(), verbose)
			warnOpen(cmd.ErrOrStderr(), config.Listen, config.LoadBalancerListen)
			// A terminal that closes must not leave the user's own services behind.
			ctx, stop := untilHangUp(cmd.Context())
			defer stop()
			// Nor must somebody who does not want to wait for their end.
			hurry, closed := make(chan struct{}), make(chan struct{})
			defer close(closed)
			config.Hurry = hurry
			onSecondInterrupt(cmd.Context(), func() {
				close(hurry)
				select {
				case <-closed:
				case <-time.After(hurriedWithin):
				}
			})
			s, err := sandbox.Start(ctx, config)
			if err != nil {
				return err
			}
			if err := printSandbox(cmd.OutOrStdout(), s.Info(), asJSON); err != nil {
				return errors.Join(err, s.Close())
			}
			<-ctx.Done()
			return s.Close()
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print one JSON object on the first line instead")
	f.StringVar(&config.Listen, "listen", "127.0.0.1:0", "address of the AWS endpoint")
	f.StringVar(&config.LoadBalancerListen, "load-balancer-listen", "127.0.0.1:0", "address at which the load balancer takes traffic")
	f.StringVar(&config.Region, "region", "us-east-1", "the only Region")
	f.Float64Var(&config.Speed, "speed", 60, "how many times quicker than AWS it launches, checks and drains")
	f.Float64Var(&config.TimeScale, "time-scale", 1, "how many times quicker than real time AWS's clock runs: with 600 a retention of an hour is over in six seconds")
	f.DurationVar(&config.MetricsLag, "metrics-lag", 0, "how late CloudWatch knows of a minute, before --speed; -1s for at once (default 1m)")
	f.BoolVar(&config.NoIdleScaling, "no-idle-scaling", false, "leave out Elastic Beanstalk's trigger that shrinks idle environments")
	f.StringArrayVar(&own, "run", nil, "run a command as the instances of an image: IMAGE=COMMAND (repeatable)")
	f.StringArrayVar(&wrong, "fault", nil, "let something go wrong: 'SERVICE[:OPERATION] EFFECT...' (repeatable)")
	f.Uint64Var(&seed, "seed", 0, "seed of the faults that come by chance")
	f.BoolVarP(&verbose, "verbose", "v", false, "log what happens to standard error")
	return cmd
}

// hurriedWithin bounds what a second interrupt waits for: processes that are killed.
const hurriedWithin = 5 * time.Second

// parseFaults reads the values of --fault.
func parseFaults(seed uint64, texts []string) (faults.Settings, error) {
	s := faults.Settings{Seed: seed}
	for _, text := range texts {
		f, err := faults.Parse(text)
		if err != nil {
			return s, fmt.Errorf("--fault: %w", err)
		}
		s.Faults = append(s.Faults, f)
	}
	return s, nil
}

// parseCommands reads the values of --run; the commands themselves are read by
// Start.
func parseCommands(texts []string) (map[string]string, error) {
	commands := map[string]string{}
	for _, text := range texts {
		image, command, ok := strings.Cut(text, "=")
		if !ok || image == "" {
			return nil, fmt.Errorf("--run %q: want IMAGE=COMMAND", text)
		}
		if _, twice := commands[image]; twice {
			return nil, fmt.Errorf("--run: two commands for the image %s", image)
		}
		commands[image] = command
	}
	return commands, nil
}

// sandboxLog shows warnings and the output of the user's own services and, if
// wanted, what AWS would do by itself.
func sandboxLog(w io.Writer, verbose bool) hclog.Logger {
	level := hclog.Info
	if verbose {
		level = hclog.Debug
	}
	return hclog.New(&hclog.LoggerOptions{Name: "sandbox", Level: level, Output: w})
}

// warnOpen warns of addresses that others can reach: there are no passwords here.
func warnOpen(w io.Writer, addresses ...string) {
	for _, a := range addresses {
		host, _, err := net.SplitHostPort(a)
		if err != nil {
			continue // Start says what is wrong with it
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			fmt.Fprintf(w, "ionroller: warning: %s can be reached from other machines, and everybody who reaches it may do everything\n", a)
		}
	}
}

func printSandbox(w io.Writer, info sandbox.Info, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(info)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# The sandbox is up. In every other shell:\n\n")
	for _, v := range info.Variables {
		name, value, _ := strings.Cut(v, "=")
		fmt.Fprintf(&b, "export %s=%s\n", name, quoted(value))
	}
	fmt.Fprintf(&b, "\n# Every call it gets, as JSON: %s/_sandbox/calls\n# Interrupt it to end it; it keeps nothing.\n", info.EndpointURL)
	_, err := io.WriteString(w, b.String())
	return err
}

// quoted is a value as any shell takes it.
func quoted(value string) string {
	if !strings.ContainsAny(value, " \t\n\"'`$&|;<>()[]{}*?!#~\\") {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
