// Package faulty is provisioning servers that are wrong on purpose, each fault by name.
// They show that a suite of rules catches what it must: every fault is a mistake that
// makers of real servers make, at one protocol and one position.
//
// All faults are made of one server that is right (Start with the zero Fault), and of
// one change to its behaviour. That server shares no code with the reference server: a
// rule that passes there only because of how ours is written fails here.
//
// # How to add a fault
//
// Write a function that changes a behaviour, and a line in the table of the file that
// the fault belongs to (faults_*.go): name, protocols, clause, the rule that is meant to
// catch it, and a sentence that says who errs like this. What concerns the content of
// files is a change of the answer and works over every protocol (answer.go); what
// concerns packets, replies or connections has a field in tftpFault, ftpFault, httpFault
// or tlsFault, which that protocol's server reads. Then run the mutation test of package
// steps; it tells whether the rule that you named caught it, and what else did.
//
// Proxy stands before any server, ours or not, and spoils datagrams on their way.
package faulty
