// Command release makes what a version of Drover is handed out as: static
// binaries, an archive and a Debian package of them, the list of what was built
// in (SBOM) with its licences, and the checksums of all that. The same sources
// give the same bytes, wherever and whenever they are built:
//
//	go run ./deploy/release -out dist
//	go run ./deploy/release -out dist -check    # builds twice and compares
//
// Times are those of the commit, owners are root, the version is what git calls
// the commit. dpkg-deb is needed for the package.
package main
