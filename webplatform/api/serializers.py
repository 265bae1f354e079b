"""The shapes that the API sends and takes."""

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ml.contracts import Outcome, Refusal
from webplatform.accounts.models import User
from webplatform.photos.models import Photo
from webplatform.predictions.models import ModelVersion, Prediction
from webplatform.predictions.results import Result, State, describe


class ProblemSerializer(serializers.Serializer):
    """An error, as RFC 9457 describes it, with a stable ``code``."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(required=False)  # type: ignore[assignment]


class ModelSerializer(serializers.ModelSerializer):
    """The model that answered, and what its numbers were measured on."""

    class Meta:
        model = ModelVersion
        fields = ["name", "version", "bundle_sha256", "setting", "prevalence"]


class ActivationMapSerializer(serializers.Serializer):
    """Where the evidence for melanoma was found, as ``ml.contracts.ActivationMap``."""

    box = serializers.ListField(child=serializers.FloatField(), min_length=4, max_length=4)
    grid = serializers.ListField(child=serializers.ListField(child=serializers.FloatField()))


class ResultSerializer(serializers.Serializer):
    """The model's answer, with the words to show beside it.

    Show ``headline``, ``advice`` and ``notice`` wherever you show a result.
    ``probability`` and ``per_1000`` are null when the photo cannot be judged.
    """

    outcome = serializers.ChoiceField(choices=[o.value for o in Outcome])
    headline = serializers.CharField()
    advice = serializers.CharField()
    when_to_go_anyway = serializers.CharField()
    notice = serializers.CharField()
    probability = serializers.FloatField(source="prediction.probability", allow_null=True)
    per_1000 = serializers.IntegerField(allow_null=True)
    refusal = serializers.ChoiceField(
        source="prediction.refusal", choices=["", *(r.value for r in Refusal)]
    )
    reason = serializers.CharField()
    check_again = serializers.DateField(allow_null=True)
    activation_map = ActivationMapSerializer(source="prediction.activation_map", allow_null=True)
    activation_map_in_words = serializers.CharField(source="map_in_words")
    model = ModelSerializer(source="prediction.model")


class PredictionSerializer(serializers.ModelSerializer):
    """A prediction at any time of its life; ``result`` is null until it is ready."""

    state = serializers.SerializerMethodField()
    result = serializers.SerializerMethodField()

    class Meta:
        model = Prediction
        fields = ["id", "photo", "state", "created_at", "finished_at", "result"]

    @extend_schema_field(serializers.ChoiceField(choices=[s.value for s in State]))
    def get_state(self, prediction: Prediction) -> str:
        """Return what the person sees happening."""
        return describe(prediction).state

    @extend_schema_field(ResultSerializer(allow_null=True))
    def get_result(self, prediction: Prediction) -> dict | None:
        """Return the answer in words and numbers."""
        result: Result = describe(prediction)
        return ResultSerializer(result).data if result.state is State.READY else None


class PhotoSerializer(serializers.ModelSerializer):
    """A photo with its newest prediction."""

    image_url = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()
    prediction = serializers.SerializerMethodField()

    class Meta:
        model = Photo
        fields = [
            "id",
            "created_at",
            "width",
            "height",
            "image_url",
            "thumbnail_url",
            "prediction",
        ]

    def get_image_url(self, photo: Photo) -> str:
        """Return where the photo is; the same log-in is needed there."""
        return self._url("api_photo_image", photo)

    def get_thumbnail_url(self, photo: Photo) -> str:
        """Return where the small copy is."""
        return self._url("api_photo_thumbnail", photo)

    def _url(self, name: str, photo: Photo) -> str:
        return self.context["request"].build_absolute_uri(reverse(name, args=[photo.id]))

    @extend_schema_field(PredictionSerializer)
    def get_prediction(self, photo: Photo) -> dict:
        """Return the newest prediction."""
        return PredictionSerializer(photo.predictions.all()[0]).data


class UploadSerializer(serializers.Serializer):
    """A photo to analyse: JPEG, PNG, WebP or HEIC, up to 20 MB and 50 megapixels."""

    photo = serializers.FileField(allow_empty_file=True)


class LogInSerializer(serializers.Serializer):
    """What a person logs in with."""

    email = serializers.EmailField()
    password = serializers.CharField(max_length=1000, trim_whitespace=False)
    device = serializers.CharField(max_length=100, required=False, default="")


class TokenSerializer(serializers.Serializer):
    """A new token. It is shown this once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class MeSerializer(serializers.ModelSerializer):
    """The person who is logged in."""

    class Meta:
        model = User
        fields = ["id", "email", "date_joined"]
