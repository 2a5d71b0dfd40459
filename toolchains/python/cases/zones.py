import datetime
import zoneinfo

berlin = zoneinfo.ZoneInfo("Europe/Berlin")
for month in (1, 7):
    moment = datetime.datetime(2025, month, 1, 12, tzinfo=berlin)
    print(moment, moment.tzname(), moment.astimezone(zoneinfo.ZoneInfo("America/New_York")))
print(len(zoneinfo.available_timezones()) > 400, datetime.datetime.now(datetime.UTC).year >= 2025)
try:
    zoneinfo.ZoneInfo("Moon/Base")
except zoneinfo.ZoneInfoNotFoundError as error:
    print(error)
