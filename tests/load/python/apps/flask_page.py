"""A page of Flask's: a template with a loop."""

from flask import Flask, render_template_string, request

app = Flask(__name__)
PAGE = "<ul>{% for n in range(10) %}<li>{{ n }} {{ name }}</li>{% endfor %}</ul>"


@app.get("/")
def page():
    return render_template_string(PAGE, name=request.args.get("name", "you"))
