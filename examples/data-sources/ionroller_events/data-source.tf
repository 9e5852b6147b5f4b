# The last ten rollouts that ended, well or not.
data "ionroller_events" "rollouts" {
  endpoint = "checkout"
  types    = ["RolloutFinished", "RolloutFailed", "RolloutSuperseded"]
  last     = 10
}

output "rollouts" {
  value = [for e in data.ionroller_events.rollouts.events : "${e.time} ${e.message}"]
}
