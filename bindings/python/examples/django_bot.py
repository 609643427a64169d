"""The bot in Django, in one file. In a project of your own, take the view and its path."""

import os
from wsgiref.simple_server import make_server

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

import backchat

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="unused")

inbox = backchat.Inbox(
    backchat.Client(),
    backchat.Webhook(),
    store=os.environ.get("BACKCHAT_STORE", "sqlite:///inbox.db"),
)


@inbox.on_message
def answer(message: backchat.InboundMessage) -> str | None:
    return f"You said: {message.text}"


@csrf_exempt  # the signature is what shows that it is Prelude
@require_POST
def prelude(request: HttpRequest) -> HttpResponse:
    receipt = inbox.receive(request.body, request.headers)
    return HttpResponse(
        receipt.body, status=receipt.status, headers=receipt.headers, content_type="text/plain"
    )


urlpatterns = [path("webhooks/prelude", prelude)]
app = get_wsgi_application()

if __name__ == "__main__":  # or `gunicorn django_bot:app`
    with make_server("127.0.0.1", int(os.environ.get("PORT", "8000")), app) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
