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

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/ionroller/terraform-provider-ionroller/internal/sandbox"
)

func newSandbox() *cobra.Command {
	var (
		config  sandbox.Config
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

It runs until it is interrupted, and keeps nothing.`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if config.Speed <= 0 {
				return usage(cmd, fmt.Errorf("--speed %v: it must be more than zero", config.Speed))
			}
			if verbose {
				config.Logger = hclog.New(&hclog.LoggerOptions{Name: "sandbox", Level: hclog.Info, Output: cmd.ErrOrStderr()})
			}
			warnOpen(cmd.ErrOrStderr(), config.Listen, config.LoadBalancerListen)
			s, err := sandbox.Start(cmd.Context(), config)
			if err != nil {
				return err
			}
			if err := printSandbox(cmd.OutOrStdout(), s.Info(), asJSON); err != nil {
				return errors.Join(err, s.Close())
			}
			<-cmd.Context().Done()
			return s.Close()
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print one JSON object on the first line instead")
	f.StringVar(&config.Listen, "listen", "127.0.0.1:0", "address of the AWS endpoint")
	f.StringVar(&config.LoadBalancerListen, "load-balancer-listen", "127.0.0.1:0", "address at which the load balancer takes traffic")
	f.StringVar(&config.Region, "region", "us-east-1", "the only Region")
	f.Float64Var(&config.Speed, "speed", 60, "how many times quicker than AWS it launches, checks and drains")
	f.BoolVar(&config.NoIdleScaling, "no-idle-scaling", false, "leave out Elastic Beanstalk's trigger that shrinks idle environments")
	f.BoolVarP(&verbose, "verbose", "v", false, "log what happens to standard error")
	return cmd
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
	fmt.Fprintf(&b, "# The sandbox is up. In another shell:\n\n")
	for _, v := range []struct{ name, value string }{
		{"AWS_ENDPOINT_URL", info.EndpointURL},
		{"AWS_REGION", info.Region},
		{"AWS_ACCESS_KEY_ID", info.AccessKeyID},
		{"AWS_SECRET_ACCESS_KEY", info.SecretAccessKey},
		{"IONROLLER_BUCKET", info.Bucket},
		{"VPC_ID", info.VPCID},
		{"SUBNETS", strings.Join(info.Subnets, ",")},
		{"LISTENER_ARN", info.ListenerARN},
		{"LOAD_BALANCER_URL", info.LoadBalancerURL},
	} {
		fmt.Fprintf(&b, "export %s=%s\n", v.name, v.value)
	}
	fmt.Fprintf(&b, "\n# Every call it gets, as JSON: %s/_sandbox/calls\n# Interrupt it to end it; it keeps nothing.\n", info.EndpointURL)
	_, err := io.WriteString(w, b.String())
	return err
}
