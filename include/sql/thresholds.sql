-- Where a day stops being good: imported by the gate, by the website's histories and by the day's metrics.
{% set ranked_coins = 50 %}{# at least so many, unless fewer were requested #}
{% set lost_pct = 10 %}{# at most so much of the request may lack a rank, of the accepted rows be refused, #}
{#- or be gone since the day before #}
{% set minutes_old = 720 %}{# captures eight hours old have been good data #}
