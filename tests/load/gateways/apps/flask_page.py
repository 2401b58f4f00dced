"""A page of Flask's: a template with a loop, compiled once."""

from flask import Flask, render_template, request
from jinja2 import DictLoader

app = Flask(__name__)
app.jinja_loader = DictLoader({"page": "<ul>{% for n in range(10) %}<li>{{ n }} {{ name }}</li>{% endfor %}</ul>"})


@app.get("/")
def page():
    return render_template("page", name=request.args.get("name", "you"))
