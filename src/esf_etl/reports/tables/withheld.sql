-- What the tables of the open data package leave out of the warehouse's: names of sole traders, and from texts what can be told
-- to lead to a person. Temporary, so that the published database stays as it is.

-- Names under which a sole trader owns a project; they may stand on other pages too, without the number that tells.
CREATE TEMP VIEW sole_trader AS
SELECT DISTINCT lower(regexp_replace(trim(name), '\s+', ' ', 'g')) AS key
FROM main.project_organisation
SEMI JOIN (FROM etl.finding WHERE rule = 'personal-number-withheld') AS finding USING (project_id)
WHERE role = 'owner';

CREATE TEMP MACRO is_sole_trader(given) AS
    lower(regexp_replace(trim(given), '\s+', ' ', 'g')) IN (SELECT key FROM temp.sole_trader);

CREATE TEMP MACRO without_addresses(given) AS
    regexp_replace(given, '[\pL\pN._%+-]+@[\pL\pN-]+(\.[\pL\pN-]+)+', '[e-postadress utelämnad]', 'g');

-- The third and fourth digit are a month, the next two a day, or for a coordination number a day and 60. No organisation
-- number is like that: its third digit is 2 or more.
CREATE TEMP MACRO without_personal_numbers(given) AS
    regexp_replace(
        given,
        '\b(19|20)?[0-9]{2}(0[1-9]|1[0-2])([0-2][0-9]|3[01]|[6-8][0-9]|9[01])[-+]?[0-9]{4}\b',
        '[personnummer utelämnat]',
        'g'
    );

-- A zero and an area code, then five to eight digits after a dash, a slash or a blank, or at once; or +46 (0046) and seven to
-- ten digits. What stands right after a digit or a dash is a part of a date or another number.
CREATE TEMP MACRO without_phone_numbers(given) AS
    regexp_replace(
        regexp_replace(
            given, '(\+|\b00)46([\s\x{a0}-]?\(?[0-9]\)?){7,10}\b', '[telefonnummer utelämnat]', 'g'
        ),
        '(^|[^0-9/–-])\(?0[1-9][0-9]{0,2}\)?([\s\x{a0}]?[-–/][\s\x{a0}]?|[\s\x{a0}])?[0-9]([ \x{a0}]?[0-9]){4,7}\b',
        '\1[telefonnummer utelämnat]',
        'g'
    );

CREATE TEMP MACRO without_contacts(given) AS
    without_phone_numbers(without_personal_numbers(without_addresses(given)));
