package worker

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"gongshu/postgres"
)

// Webhook delivers messages to one address by HTTP POST. The body is signed: the
// header Gongshu-Signature carries the HMAC-SHA-256 of it under the secret, in
// hexadecimal. Any answer of 2xx means received.
func Webhook(url string, secret []byte) func(context.Context, postgres.Parcel) error {
	client := &http.Client{Timeout: 10 * time.Second}
	return func(ctx context.Context, p postgres.Parcel) error {
		body, err := json.Marshal(p)
		if err != nil {
			return err
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write(body)
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Gongshu-Signature", hex.EncodeToString(mac.Sum(nil)))
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16)); err != nil {
			return err
		}
		if response.StatusCode/100 != 2 {
			return fmt.Errorf("webhook answered %s", response.Status)
		}
		return nil
	}
}
