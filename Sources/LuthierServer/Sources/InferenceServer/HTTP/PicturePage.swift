/// A page for trying a model on a photo. It names nothing of another place.
enum PicturePage {
  static let contentSecurityPolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

  static let html = """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Luthier</title>
    <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
      label { display: inline-block; margin: 0 1rem .5rem 0 }
      #drop { border: 2px dashed #888; border-radius: .5rem; padding: 2rem; text-align: center; margin: 1rem 0 }
      #drop.over { background: #eef }
      canvas { max-width: 100%; display: block; margin: 1rem 0 }
      table { border-collapse: collapse } td, th { padding: .1rem .8rem .1rem 0; text-align: left }
      #message { color: #a00 }
    </style>
    <h1>Luthier</h1>
    <p>
      <label>Model <select id="model"></select></label>
      <label>What <select id="task"><option>classify</option><option>detect</option></select></label>
      <label>Token <input id="token" type="password" autocomplete="off" placeholder="if the server asks for one"></label>
    </p>
    <div id="drop"><label for="file">Drop a JPEG or PNG file here, or choose one:</label> <input id="file" type="file" accept="image/jpeg,image/png"></div>
    <p id="message" role="status"></p>
    <canvas id="canvas" hidden></canvas>
    <p id="time"></p>
    <table id="result"></table>
    <h2 id="kernels-title" hidden>Kernels that ran</h2>
    <table id="kernels"></table>
    <script>
      const get = id => document.getElementById(id)
      const headers = () => get("token").value ? { Authorization: "Bearer " + get("token").value } : {}
      const say = text => { get("message").textContent = text }
      function rows(table, lines) {
        table.replaceChildren(...lines.map(cells => {
          const row = document.createElement("tr")
          row.append(...cells.map(text => Object.assign(document.createElement("td"), { textContent: text })))
          return row
        }))
      }
      async function answer(path, body) {
        const response = await fetch(path, { method: "POST", headers: headers(), body })
        const json = await response.json()
        if (!response.ok) throw new Error(json.error || response.statusText)
        return json
      }
      async function models() {
        try {
          const names = [...new Set((await answer("v2/repository/index")).filter(m => m.state == "READY").map(m => m.name))]
          get("model").replaceChildren(...names.map(n => Object.assign(document.createElement("option"), { textContent: n })))
          say(names.length ? "" : "No model serves.")
        } catch (error) { say(error.message) }
      }
      async function look(file) {
        say(""); rows(get("result"), []); rows(get("kernels"), []); get("time").textContent = ""; get("kernels-title").hidden = true
        try {
          const json = await answer("v2/models/" + encodeURIComponent(get("model").value) + "/" + get("task").value, file)
          const picture = await createImageBitmap(file)
          const canvas = get("canvas"), context = canvas.getContext("2d")
          canvas.width = json.width; canvas.height = json.height; canvas.hidden = false
          context.drawImage(picture, 0, 0, json.width, json.height)
          context.lineWidth = Math.max(2, json.width / 300); context.font = Math.max(14, json.width / 40) + "px sans-serif"
          const name = thing => thing.label || "class " + thing.class_index
          for (const thing of json.boxes || []) {
            const [left, top, right, bottom] = thing.box
            context.strokeStyle = context.fillStyle = "hsl(" + thing.class_index * 47 % 360 + " 90% 45%)"
            context.strokeRect(left, top, right - left, bottom - top)
            context.fillText(name(thing), left + 3, Math.max(top - 4, 14))
          }
          rows(get("result"), (json.classes || json.boxes).map(t => [name(t), (t.probability ?? t.score).toFixed(4)]))
          rows(get("kernels"), json.kernels.map(k => [k.layers + " ×", k.kernel, k.origin]))
          get("kernels-title").hidden = !json.kernels.length
          get("time").textContent = json.milliseconds.toFixed(2) + " ms in the queue and the model"
        } catch (error) { say(error.message) }
      }
      get("file").addEventListener("change", () => { if (get("file").files[0]) look(get("file").files[0]) })
      get("token").addEventListener("change", models)
      const drop = get("drop")
      drop.addEventListener("dragover", event => { event.preventDefault(); drop.classList.add("over") })
      drop.addEventListener("dragleave", () => drop.classList.remove("over"))
      drop.addEventListener("drop", event => {
        event.preventDefault(); drop.classList.remove("over")
        if (event.dataTransfer.files[0]) look(event.dataTransfer.files[0])
      })
      models()
    </script>
    </html>
    """
}
