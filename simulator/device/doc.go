// Package device says what a FIP phone is: its MAC and identity, its models and
// their account ranges, why it provisions (Trigger), how a pass ends (Outcome), and
// every point on which the guide is silent or unclear (Behaviour).
//
// It imports nothing of this module; everything else may import it.
package device
