// Package e2e drives the web console in a real Chromium: a person's story on the
// running pipeline, what assistive technology finds, how fast a large fleet is,
// and the pictures of the documentation.
package e2e
