// Shows a new notice, and leaves the page when the session has ended.

const SESSION_ENDED = 4001
let isLeaving = false

// The answer to a form brings the next page. If that form is the logout, the socket closes before the answer comes.
addEventListener('submit', () => {
  isLeaving = true
})

function listen() {
  const socket = new WebSocket(new URL('/live', location.href.replace('http', 'ws')))
  socket.addEventListener('message', ({ data }) => {
    const notice = document.getElementById('notice')
    if (notice) notice.textContent = data
  })
  socket.addEventListener('close', ({ code, reason }) => {
    if (isLeaving) return
    if (code === SESSION_ENDED) location.replace(`/login?ended=${encodeURIComponent(reason)}`)
    else setTimeout(listen, 2000)
  })
}

listen()
