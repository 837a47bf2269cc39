// Package upgrade starts today's programs on what earlier versions left behind.
package upgrade
