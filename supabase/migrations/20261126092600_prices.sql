-- Prices, which the operator enters, and what tokens cost by them.

create table relay.prices (
  host text not null,
  model text not null,
  input numeric not null,
  cached_input numeric,
  output numeric not null,
  valid_from timestamptz not null default now(),
  primary key (host, model, valid_from),
  constraint prices_hosts_are_of_base_urls check (host = lower(host) and host ~ '^[^/@\s]+$'),
  -- NaN is greater than every number, and a sum with it is NaN.
  constraint prices_are_in_range check (
    least(input, cached_input, output) >= 0 and greatest(input, cached_input, output) <= 1000000
  )
);
alter table relay.prices enable row level security;
revoke all on table relay.prices from public, anon, authenticated;
grant select, insert, update, delete on table relay.prices to service_role;
comment on table relay.prices is 'What models cost, for a million tokens, in the one currency of the operator.';

create function relay.host_of(base_url text) returns text
language plpgsql immutable set search_path = '' as $$
declare
  v_host constant text := lower(
    substring(base_url from '^\s*[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#]*@)?([^/?#\s]+)')
  );
begin
  return regexp_replace(v_host, case when base_url ~* '^\s*http:' then ':80$' else ':443$' end, '');
end;
$$;
comment on function relay.host_of is
  'The host of a base URL in lower case, with its port unless that is the scheme''s own; null: it is no URL.';

create function relay.cost_of(
  host text, model text, at timestamptz, prompt_tokens integer, cached_tokens integer, completion_tokens integer
) returns numeric
language plpgsql stable set search_path = '' as $$
declare
  v_price relay.prices;
  v_cached constant bigint := least(coalesce(cached_tokens, 0), coalesce(prompt_tokens, 0));
begin
  select p.* into v_price
  from relay.prices p
  where p.host = cost_of.host and p.model = cost_of.model and p.valid_from <= cost_of.at
  order by p.valid_from desc
  limit 1;
  if not found then
    return null;
  end if;
  -- A multiplication, because a division rounds.
  return trim_scale((
    (coalesce(prompt_tokens, 0) - v_cached) * v_price.input
    + v_cached * coalesce(v_price.cached_input, v_price.input)
    + coalesce(completion_tokens, 0) * v_price.output
  ) * 0.000001);
end;
$$;
comment on function relay.cost_of is 'What tokens cost, exactly, by the price of their time; null: there is none.';
