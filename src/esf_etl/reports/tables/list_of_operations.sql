-- The list of operations, which names no sole trader anyhow.
SELECT
    * REPLACE (
        without_contacts(beneficiary) AS beneficiary,
        without_contacts(operation_name) AS operation_name,
        without_contacts(operation_summary) AS operation_summary,
        without_contacts(purpose) AS purpose,
        without_contacts(expected_achievements) AS expected_achievements,
        without_contacts(municipalities) AS municipalities
    )
FROM report.list_of_operations
ORDER BY operation_code
