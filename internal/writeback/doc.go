// Package writeback writes large files so that whoever shares their disk hardly
// notices. It imports nothing of Quorate.
package writeback
