package paper

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"gongshu/letter"
)

// ErrNoPrinter says that no Chromium is installed.
var ErrNoPrinter = errors.New("paper: no Chromium is installed")

// atOnce is how many letters are made into PDFs at the same time, atHand how many
// PDFs are kept to be had again, and maxPDF how many bytes one may have.
const (
	atOnce = 2
	atHand = 32
	maxPDF = 16 << 20
)

// Printer makes PDFs of letters by a Chromium that is installed, a few at a time.
// The zero value is ready to use and may be used by many at once.
type Printer struct {
	// Path of the browser; looked for when empty.
	Path string
	// Patience is how long one letter may take to be made into a PDF; 30 seconds when
	// zero.
	Patience time.Duration

	once  sync.Once
	found string
	slots chan struct{}

	mu   sync.Mutex
	kept []keptPDF // the first goes first
}

type keptPDF struct {
	key [sha256.Size]byte // of the document
	pdf []byte
}

// browsers are the names under which a Chromium is installed.
var browsers = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "headless-shell"}

func (p *Printer) begin() {
	p.once.Do(func() {
		p.slots = make(chan struct{}, atOnce)
		names := browsers
		if p.Path != "" {
			names = []string{p.Path}
		}
		for _, name := range names {
			if path, err := exec.LookPath(name); err == nil {
				p.found = path
				return
			}
		}
	})
}

// Ready reports whether there is a Chromium.
func (p *Printer) Ready() bool {
	p.begin()
	return p.found != ""
}

// PDF makes a PDF of a letter. The browser gets the letter as a file in a folder of
// its own, which is removed afterwards, and reaches no network. The error is
// [ErrNoPrinter] where none is installed, the context's when the caller stopped
// waiting, and another when the browser failed or took longer than p.Patience.
func (p *Printer) PDF(ctx context.Context, l letter.Letter) ([]byte, error) {
	if !p.Ready() {
		return nil, ErrNoPrinter
	}
	page, err := Document(l)
	if err != nil {
		return nil, err
	}
	// A letter is what it is for good, and so is its PDF.
	key := sha256.Sum256(page)
	if pdf, ok := p.printed(key); ok {
		return pdf, nil
	}
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(p.Patience, 30*time.Second))
	defer cancel()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	pdf, err := p.print(ctx, page)
	if err == nil {
		p.remember(key, pdf)
	}
	return pdf, err
}

// printed returns a PDF that was made before and is still at hand.
func (p *Printer) printed(key [sha256.Size]byte) ([]byte, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.kept, func(k keptPDF) bool { return k.key == key })
	if i < 0 {
		return nil, false
	}
	return p.kept[i].pdf, true
}

// remember keeps a PDF at hand, and forgets the one made longest ago.
func (p *Printer) remember(key [sha256.Size]byte, pdf []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) == atHand {
		p.kept = slices.Delete(p.kept, 0, 1)
	}
	p.kept = append(p.kept, keptPDF{key, pdf})
}

// print has a document made into a PDF in a folder of its own.
func (p *Printer) print(ctx context.Context, page []byte) ([]byte, error) {
	folder, err := os.MkdirTemp("", "gongshu-letter-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // what stays behind is in the system's folder for what may go
	in, out := filepath.Join(folder, "letter.html"), filepath.Join(folder, "letter.pdf")
	if err := os.WriteFile(in, page, 0o600); err != nil {
		return nil, err
	}
	if err := p.run(ctx, folder, in, out); err != nil {
		return nil, err
	}
	info, err := os.Stat(out)
	if err != nil {
		return nil, fmt.Errorf("paper: the browser wrote no PDF: %w", err)
	}
	if info.Size() > maxPDF {
		return nil, fmt.Errorf("paper: a PDF of %d bytes", info.Size())
	}
	return os.ReadFile(out)
}

// run has the browser print a file. It and all that it started end with ctx.
func (p *Printer) run(ctx context.Context, folder, in, out string) error {
	args := []string{
		"--headless", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync", "--disable-default-apps", "--mute-audio", "--disable-dev-shm-usage",
		"--disable-background-networking", "--disable-component-update", "--disable-domain-reliability", "--disable-breakpad", "--no-pings",
		"--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=<-loopback>",
		"--user-data-dir=" + filepath.Join(folder, "profile"), "--no-pdf-header-footer", "--print-to-pdf=" + out,
	}
	if os.Geteuid() == 0 { // Chromium has no sandbox for root, as in a container
		args = append(args, "--no-sandbox")
	}
	browser := exec.CommandContext(ctx, p.found, append(args, "file://"+in)...)
	browser.Dir = folder
	// Nothing of this process's surroundings goes to the browser but where to find things.
	browser.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "TMPDIR=" + folder, "LANG=C.UTF-8"}
	var said bytes.Buffer
	browser.Stderr = &said
	ownGroup(browser)
	browser.WaitDelay = 5 * time.Second
	err := browser.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("paper: the browser was stopped: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("paper: the browser failed: %w: %.500s", err, said.Bytes())
	}
	return nil
}
